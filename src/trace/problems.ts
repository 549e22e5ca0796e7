import { type Failure, failure } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { TRACE } from './format.js';
import type { Damage } from './items.js';

/** What a recording lacks, as sentences, of which only the first few are kept: a wrecked file has thousands. */
export interface Problems {
  readonly damage: (damage: Damage) => void;
  readonly list: () => readonly Failure[];
}

/** The first so many are kept, the others counted. */
export const gatherProblems = (): Problems => {
  const kept: Failure[] = [];
  let more = 0;
  return {
    damage: ({ text }) => {
      if (kept.length < MOST) kept.push(failure('bad-input', `${text}.`));
      else more += 1;
    },
    list: () => {
      if (more === 0) return kept;
      return [
        ...kept,
        failure('bad-input', `${more === 1 ? 'One more place is' : `${more} more places are`} damaged.`),
      ];
    },
  };
};

const MOST = 20;

/** A recording of a format that this version does not know. */
export const newerFormat = (path: string, schema: string): Failure =>
  failure(
    'newer-format',
    `${escapeText(path)} is a recording of format ${escapeText(schema.slice(0, 100))}; this version reads ${TRACE}.`,
    'Use the vdsowatch that made it, or a newer one.',
  );

export const noRecording = (path: string): Failure =>
  failure('bad-input', `${escapeText(path)} holds no recording.`, 'Give a file that `vdsowatch record -o` wrote.');
