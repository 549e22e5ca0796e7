import type { CriuLog, LogFinding } from '../../criu/log/log.js';
import { ascending } from '../../model/ascending.js';
import type { StoryLine } from '../../model/chapter.js';
import { escapeText, printable } from '../../text/escape.js';
import type { Life } from '../recording/life.js';
import type { Recorded } from '../recording/read.js';
import { imageOf } from './choices.js';
import { dumpLines, restoreLines } from './outcome.js';
import type { Role } from './roles.js';
import type { Witness } from './witness.js';
import { endIn, stateSentence } from './words.js';

/** What happened to one process, step by step, as far as the order is known; nothing for a single state. */
export const storyOf = (roles: readonly Role[]): readonly StoryLine[] => {
  const image = imageOf(roles);
  const lives = roles.some(({ witness }) => witness.life !== undefined);
  if (roles.length < 2 && !lives && image?.criu?.logs.dump === undefined && image?.criu?.logs.restore === undefined)
    return [];
  const of = (...wanted: Role['role'][]): StoryLine[] =>
    roles.filter(({ role }) => wanted.includes(role)).flatMap(({ witness }) => witnessLines(witness, roles));
  const { before, later } = splitAtDump(inOrder(of('before')), roles);
  const images = roles.filter(({ role }) => role === 'dump').map(({ witness }) => witness);
  return [
    ...before,
    ...images.flatMap((one) => {
      const { dump, restore } = one.criu?.logs ?? {};
      const named = (log: string): string => (images.length === 1 ? log : pathOf(one, log));
      return [
        ...logStory(named('dump.log'), 'dumps', dump, dumpLines(one)),
        ...(one === image ? later : []),
        ...logStory(named('restore.log'), 'restores', restore, restoreLines(one)),
      ];
    }),
    ...inOrder(of('after'), LAST),
    ...of('crash'),
  ];
};

/** Which log it is, where there are several. */
const pathOf = ({ path }: Witness, log: string): string =>
  path.endsWith('.log') ? shortPath(path) : `${shortPath(path)}/${log}`;

/** What its log says has no time of day: it stands where the recording saw the dump, else before the end, which it is. */
const splitAtDump = (lines: readonly StoryLine[], roles: readonly Role[]) => {
  const until = roles.find(({ dumped }) => dumped !== undefined)?.dumped?.until.time;
  const isLater = ({ time, text }: StoryLine, index: number): boolean =>
    until === undefined
      ? imageOf(roles) !== undefined && index === lines.length - 1 && endIn(text) !== undefined
      : time !== undefined && time > until;
  return { before: lines.filter((line, index) => !isLater(line, index)), later: lines.filter(isLater) };
};

const witnessLines = (witness: Witness, roles: readonly Role[]): readonly StoryLine[] => {
  const { life, taken, judged, path } = witness;
  if (life !== undefined) return lifeLines(life.life, life.of, roles);
  const who = `${judged.evidence.source} ${shortPath(path)}`;
  return [{ time: taken?.time, severity: 'info', who, text: stateSentence(judged, 'was') }];
};

/** Its end, escaped, for a column of a table. */
export const shortPath = (path: string): string => {
  const shown = escapeText(path.replace(/\/+$/, ''));
  return shown.length <= LONGEST_PATH ? shown : `...${shown.slice(-LONGEST_PATH)}`;
};

const LONGEST_PATH = 40;

const lifeLines = (life: Life, recorded: Recorded, roles: readonly Role[]): readonly StoryLine[] => {
  const lines = life.lines.map(({ line, time }): StoryLine => {
    const { pid, comm, severity, text } = line;
    return { time, severity, who: `${pid} ${printable(comm)}`, text };
  });
  if (life.leftOut > 0) {
    const text = `${life.leftOut} lines are left out here`;
    lines.splice(life.leftOutAt, 0, { time: lines[life.leftOutAt]?.time, severity: 'info', who: 'vdsowatch', text });
  }
  const from = life.lines[0]?.time ?? recorded.from;
  const until = life.ended?.time ?? recorded.until;
  const gaps = recorded.gaps
    .filter(({ time }) => time >= from && time <= until)
    .map(({ line, time }): StoryLine => ({ time, severity: line.severity, who: 'vdsowatch', text: line.text }));
  const hooks = recorded.hooks
    .filter(
      ({ hook, time }) => hook.root === life.pid || (imageOf(roles) !== undefined && time >= from && time <= until),
    )
    .map(({ hook, time }): StoryLine => {
      const said = hook.said.length === 0 ? '' : `: ${hook.said.map(escapeText).join('; ')}`;
      const text = `${escapeText(hook.action)} of CRIU${hook.vetoed ? ', vetoed' : ''}${said}`;
      return { time, severity: hook.vetoed ? 'error' : 'info', who: 'vdsowatch hook', text };
    });
  return inOrder([...lines, ...gaps, ...hooks]);
};

/** Several recordings go by time; what has none tells of the beginning, or of the end. */
const inOrder = (lines: readonly StoryLine[], untimed = 0n): readonly StoryLine[] =>
  [...lines].sort((one, other) => ascending(one.time ?? untimed, other.time ?? untimed));

const LAST = 1n << 64n;

/** Lines of a log that say something, repeated ones once. */
const logStory = (
  name: string,
  does: 'dumps' | 'restores',
  log: CriuLog | undefined,
  own: readonly LogFinding[],
): readonly StoryLine[] => {
  if (log === undefined) return [];
  const host = log.release === undefined ? '' : ` on Linux ${escapeText(log.release)}`;
  const head = `CRIU ${log.version ?? 'of unknown version'} ${does} it${host}`;
  const kept: LogFinding[] = [];
  const counts = new Map<string, number>();
  for (const line of own) {
    if (line.routine) continue;
    const count = (counts.get(line.code) ?? 0) + 1;
    counts.set(line.code, count);
    if (count <= MOST_ALIKE && kept.length < MOST_LOG_LINES) kept.push(line);
  }
  const ended = log.findings.filter(({ code }) => /^(?:dump|restore)-ended$/.test(code)).at(-1);
  return [
    { time: undefined, severity: 'info', who: name, text: head },
    ...[...kept, ...(ended === undefined || kept.includes(ended) ? [] : [ended])].map((line): StoryLine => {
      const left = (counts.get(line.code) ?? 0) - MOST_ALIKE;
      const last = left > 0 && kept.filter(({ code }) => code === line.code).at(-1) === line;
      const more = last ? ` (and ${left} more such lines)` : '';
      return {
        time: undefined,
        severity: line.severity,
        who: `${name}:${line.line}`,
        text: `${line.meaning}${more}`,
      };
    }),
  ];
};

const MOST_ALIKE = 3;
const MOST_LOG_LINES = 60;
