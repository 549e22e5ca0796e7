import type { Choice } from '../../model/chapter.js';
import type { Difference } from '../../model/diff.js';
import { printable } from '../../text/escape.js';
import { hex } from '../../text/hex.js';
import { isoTime } from '../../text/time-of-day.js';
import { deedWords } from '../recording/deeds.js';
import type { Life } from '../recording/life.js';
import type { Group } from './by-dump.js';
import { choicesOf, imageOf } from './choices.js';
import { dumpWords } from './dump-words.js';
import { type Outcome, outcomeOf, restoreLines } from './outcome.js';
import { type Role, stateTime } from './roles.js';
import { shortPath } from './story.js';
import { type Witness, wasMovedSince } from './witness.js';
import { endIn, sentence, stateSentence } from './words.js';
import { pageWords, type Written } from './written.js';

/** What happened to the process, in a few sentences; empty when there is nothing but one state of it. */
export const conclude = (
  roles: readonly Role[],
  choices: readonly Choice[],
  written: Written | undefined,
  differences: readonly Difference[],
  { later, perhaps }: Pick<Group, 'later' | 'perhaps'>,
): readonly string[] => {
  const image = imageOf(roles);
  const of = (role: Role['role']) => roles.filter((one) => one.role === role).map(({ witness }) => witness);
  const before = of('before').at(-1);
  const more = of('dump').filter((one) => one !== image);
  const after = of('after').at(-1);
  // Of a dump that a recording saw there are no later images here (by-dump.ts), but copies.
  const next = roles.some(({ dumped }) => dumped !== undefined) ? 'as' : 'then, as';
  const lives = roles.flatMap(({ witness }) => witness.life?.life ?? []);
  const { dump, restore } = image?.criu?.logs ?? {};
  const isAlone = roles.length < 2 && lives.length === 0 && dump === undefined && restore === undefined;
  if (isAlone && later === undefined) return [];
  const sentences = [
    ...(later === undefined ? [] : [`this is later than the dump in ${shortPath(later.path)}, which left it running`]),
    ...(before === undefined ? [] : [beforeWords(before, image, image !== undefined || after !== undefined)]),
    ...of('before').flatMap(({ life }) => (life === undefined ? [] : deedsWords(life.life))),
    ...writtenWords(written, lives.length > 0),
    ...(image === undefined ? [] : dumpWords(image, choices)),
    ...wentOnWords(roles, 'before'),
    ...restoreWords(image, more.length === 0 ? after : undefined, written, choices),
    ...more.flatMap((one) => {
      const took = choicesOf(roles, one);
      const last = one === more.at(-1) ? after : undefined;
      const [first, ...rest] = [...dumpWords(one, took), ...restoreWords(one, last, undefined, took)];
      return first === undefined ? [] : [`${next} ${shortPath(one.path)} has it, ${first}`, ...rest];
    }),
    ...(after?.life === undefined ? [] : deedsWords(after.life.life, after.life.life.state?.at)),
    ...(after === undefined ? [] : [afterWords(after)]),
    ...perhapsWords(image, after, perhaps),
    ...wentOnWords(roles, 'after'),
    ...differences.filter(({ noticeable, field }) => noticeable === 'yes' && !TOLD.has(field)).map(({ text }) => text),
    ...of('crash').map(({ judged }) => `in the core file ${stateSentence(judged, 'is')}`),
  ];
  // Two recordings of the same time tell the same.
  return [...new Set(sentences.map(sentence))];
};

/** Fields whose change other sentences tell. */
const TOLD: ReadonlySet<string> = new Set(['vdso', 'pages', 'bytes', 'hint', 'vvar']);

const beforeWords = (before: Witness, image: Witness | undefined, dumped: boolean): string => {
  const { life, taken, judged } = before;
  if (dumped && judged.evidence.vmas === undefined) return 'before the dump it was not read';
  const state = stateSentence(judged, 'was');
  const time = stateTime(before);
  if (dumped && time !== undefined && wasMovedSince(judged, image))
    return `before the dump, at ${isoTime(time, 0n)}, when it was last read, ${state}`;
  if (dumped) return `before the dump ${state}`;
  const { ended, state: newest } = life?.life ?? {};
  if (ended !== undefined && life !== undefined && isLastWord(life.life))
    return `until ${endWords(life.life)} at ${isoTime(ended.time, 0n)}, ${state}`;
  if (taken !== undefined) return `at ${isoTime(taken.time, 0n)}, when it was captured, ${state}`;
  return newest === undefined ? state : `at ${isoTime(newest.time, 0n)}, when it was last read, ${state}`;
};

/** By its last line. */
const endWords = ({ lines }: Life): string => {
  const killer = endIn(lines.at(-1)?.line.text ?? '')?.killer;
  return killer === undefined ? 'it ended' : `${killer} killed it`;
};

const afterWords = ({ judged }: Witness): string =>
  judged.evidence.vmas === undefined ? 'afterwards it was not read' : `afterwards ${stateSentence(judged, 'is')}`;

/** No statement about which images were restored is better than a wrong one. */
const perhapsWords = (
  image: Witness | undefined,
  after: Witness | undefined,
  perhaps: readonly Witness[],
): readonly string[] => {
  if (image === undefined || after === undefined || perhaps.length === 0) return [];
  const others = perhaps.map(({ path }) => shortPath(path)).join(' or ');
  return [`nothing tells whether it was restored from ${shortPath(image.path)} or from ${others}; the newest is taken`];
};

/** What became of it then is neither in the images nor the doing of a restore. */
const wentOnWords = (roles: readonly Role[], wanted: Role['role']): readonly string[] =>
  roles.flatMap(({ role, witness, whole, dumped }) => {
    const last = whole?.life?.life.state;
    const now = whole && stateSentence(whole.judged, 'was');
    if (role !== wanted || last === undefined || now === stateSentence(witness.judged, 'was')) return [];
    // The newest reading may be an older one, of which less is kept.
    if (last.time <= (dumped?.until.time ?? stateTime(witness) ?? 0n)) return [];
    const when = role === 'before' ? 'after the dump' : 'after the restore';
    return [`it ran on ${when}: at ${isoTime(last.time, 0n)}, when it was last read, ${now}`];
  });

/** Was nothing done to it after it was last read? */
const isLastWord = ({ state, touched }: Life): boolean =>
  touched === undefined || state === undefined || touched.at <= state.at;

/** Who moved or unmapped it, until then; what the restorer did is no doing of the process. */
const deedsWords = ({ deeds, done, pid, restored }: Life, until?: bigint): readonly string[] => {
  const own = deeds.filter(
    ({ at }) => (until === undefined || at <= until) && (restored === undefined || at > restored.at),
  );
  const words = own.map(({ time, effect, pid: doer, comm }) => {
    const who = doer === pid ? 'the process itself' : `process ${doer}`;
    return `${who} (${printable(comm)}) ${deedWords(effect)} at ${isoTime(time, 0n)}`;
  });
  const left = done - deeds.length;
  if (left > 0) words.splice(-2, 0, left === 1 ? 'that went on once' : `that went on ${left} times`);
  return words;
};

const writtenWords = (written: Written | undefined, recorded: boolean): readonly string[] => {
  if (written === undefined) return [];
  if (written.writers.length > 0) return written.writers;
  const pages = pageWords(written.pages);
  return recorded
    ? [`who wrote ${pages} was not seen: it was before the recording, through /proc/PID/mem, or in a gap`]
    : [`something had written into ${pages}; a recording would tell who`];
};

const restoreWords = (
  image: Witness | undefined,
  after: Witness | undefined,
  written: Written | undefined,
  choices: readonly Choice[],
): readonly string[] => {
  const lines = restoreLines(image);
  const outcome = outcomeOf(image, after?.judged.verdict);
  if (outcome === undefined) return [];
  const reasons = lines.filter(({ code }) => code.startsWith('differs-')).map(({ meaning }) => meaning);
  const failure = lines.find(({ severity }) => severity === 'error')?.meaning;
  return [
    `${OUTCOMES[outcome]}${lossWords(outcome, written)}`,
    ...(outcome === 'proxy' && reasons[0] !== undefined ? [`why no restore in place: ${reasons[0]}`] : []),
    ...(outcome === 'failed' && failure !== undefined ? [failure] : []),
    ...(outcome === 'in-place' || outcome === 'proxy' ? choices.flatMap((choice) => wrongWords(choice) ?? []) : []),
  ];
};

/** What a wrong choice did to the restored program. */
const wrongWords = ({ start, class: kind, took, right }: Choice): string | undefined => {
  if (right) return undefined;
  if (kind === 'genuine' || kind === 'criu-proxy')
    return took === 'left out'
      ? `its vDSO at ${hex(start)} is gone`
      : `its vDSO at ${hex(start)} came back as plain memory`;
  if (took === 'vdso')
    return `the program's own memory at ${hex(start)} was taken for the vDSO: what a restore does to one was done to it`;
  return took === 'left out' ? `the program's own memory at ${hex(start)} is gone` : undefined;
};

const OUTCOMES: Readonly<Record<Exclude<Outcome, undefined>, string>> = {
  'in-place': "it was restored in place, with that kernel's own vDSO",
  proxy: "it was restored by proxy: it keeps its dumped vDSO, whose functions jump into that kernel's",
  none: 'it was restored without a vDSO',
  failed: 'the restore failed',
};

const lossWords = (outcome: Outcome, written: Written | undefined): string => {
  if (written === undefined) return '';
  const pages = pageWords(written.pages);
  if (written.fate === 'lost') return `: what was written into ${pages} was lost`;
  if (outcome === 'proxy') return `; what was written into ${pages} is in that copy, as far as no jump covers it`;
  return '';
};
