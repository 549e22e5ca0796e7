import { type Failure, failure } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { TRACE } from './format.js';
import { type Damage, type Later, leavesGap } from './items.js';

/** What a recording lacks, as sentences, of which only the first few are kept: a wrecked file has thousands. */
export interface Problems {
  readonly damage: (damage: Damage) => void;
  readonly list: () => readonly Failure[];
  /** Is something in its middle missing? What its writer could not end when it was killed is not. */
  readonly isPartial: () => boolean;
}

/** The first so many are kept, the others counted. */
export const gatherProblems = (): Problems => {
  const kept: Failure[] = [];
  let more = 0;
  let partial = false;
  const newer = gatherLater();
  return {
    damage: (damage) => {
      const { text, later } = damage;
      partial ||= isGap(damage);
      if (later !== undefined) newer.add(text, later);
      else if (kept.length < MOST) kept.push(failure('bad-input', `${text}.`));
      else more += 1;
    },
    list: () => {
      const others = `${more === 1 ? 'One more place is' : `${more} more places are`} damaged.`;
      return [...kept, ...(more === 0 ? [] : [failure('bad-input', others)]), ...newer.list()];
    },
    isPartial: () => partial,
  };
};

const isGap = (damage: Damage): boolean => !damage.torn && leavesGap(damage);

/** The same for a recording that is analysed: one sentence for all of its damage. */
export const gatherDamage = () => {
  let first: Damage | undefined;
  let count = 0;
  let partial = false;
  const newer = gatherLater();
  return {
    add: (damage: Damage): void => {
      partial ||= isGap(damage);
      if (damage.later !== undefined) {
        newer.add(damage.text, damage.later);
        return;
      }
      first ??= damage;
      count += 1;
    },
    isPartial: () => partial,
    list: (): readonly Failure[] => [...(first === undefined ? [] : [damaged(first, count)]), ...newer.list()],
    /** What to say where nothing at all could be read; undefined: no damage is the reason. */
    unreadable: (path: string): Failure | undefined => {
      if (first === undefined) return undefined;
      const why = count === 1 ? first.text.slice(first.text.indexOf(': ') + 2) : `${count} places are damaged`;
      return failure('bad-input', `${escapeText(path)} cannot be read as a recording: ${why}.`);
    },
  };
};

const damaged = ({ text }: Damage, count: number): Failure => {
  if (count === 1) return failure('bad-input', `${text}; what is before and after is analysed.`);
  const more = count === 2 ? 'one more place is' : `${count - 1} more places are`;
  return failure('bad-input', `${text}, and ${more} damaged; the rest is analysed.`);
};

/** One sentence for all lines that a later version wrote. */
const gatherLater = () => {
  let first: string | undefined;
  let others = 0;
  return {
    add: (text: string, { lines }: Later): void => {
      if (first === undefined) first = text;
      else others += lines;
    },
    list: (): readonly Failure[] => {
      if (first === undefined) return [];
      const more = others === 0 ? '' : others === 1 ? ', and so is one more line' : `, and so are ${others} more lines`;
      return [failure('newer-format', `${first}${more}: passed over.`, MADE_BY)];
    },
  };
};

const MOST = 20;

/** A recording of a format that this version does not know. */
export const newerFormat = (path: string, schema: string): Failure =>
  failure(
    'newer-format',
    `${escapeText(path)} is a recording of format ${escapeText(schema.slice(0, 100))}; this version reads ${TRACE}.`,
    MADE_BY,
  );

const MADE_BY = 'Use the vdsowatch that made it, or a newer one.';

/** Nothing in it is of one. */
export const noRecording = (path: string): Failure =>
  failure('bad-input', `${escapeText(path)} holds no recording.`, 'Give a file that `vdsowatch record -o` wrote.');
