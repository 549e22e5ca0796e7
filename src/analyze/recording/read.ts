import { type Host, UNKNOWN_HOST } from '../../model/evidence.js';
import { type Failure, failed, failure, type Outcome, success } from '../../model/failure.js';
import type { HistoryLine } from '../../model/state.js';
import { escapeText } from '../../text/escape.js';
import { openDecoder } from '../../trace/decoder.js';
import type { Header, Hook } from '../../trace/format.js';
import { type Damage, leavesGap, type TraceFrame } from '../../trace/items.js';
import { fromDigits } from '../../trace/number-text.js';
import { gatherLater } from '../../trace/problems.js';
import { openRecording, type Progress } from '../../trace/replay.js';
import { openReplay } from '../../trace/replay-frames.js';
import { type Content, openRuns, sorted } from '../../trace/runs.js';
import { follow } from './follow.js';
import { addBounded, type Life } from './life.js';
import { LINES } from './lines.js';

/** A recording, followed to its end. */
export interface Recorded {
  readonly host: Host;
  /** Time of day, Unix, ns: when it began and how far it goes. */
  readonly from: bigint;
  readonly until: bigint;
  /** Time of day minus boot clock, ns, at its end. */
  readonly offset: bigint;
  readonly lives: readonly Life[];
  /** Gaps: what happened in them is not known. With their time of day. */
  readonly gaps: readonly { readonly line: HistoryLine; readonly time: bigint }[];
  /** What `vdsowatch hook` did meanwhile, by a CRIU dump. */
  readonly hooks: readonly { readonly hook: Hook; readonly time: bigint }[];
  readonly events: number;
  readonly problems: readonly Failure[];
  /** Something in its middle, or all from a place on, could not be read. */
  readonly partial: boolean;
}

export interface RecordedOptions {
  /** Version the forecasts are for. */
  readonly criu: string;
  /** Processes to keep, whatever is said of them. */
  readonly wanted: (life: Life) => boolean;
  readonly progress?: Progress | undefined;
}

/** Reads a recording and its rotated files in one go. Fails when there is nothing in it that can be read. */
export const readRecorded = async (path: string, options: RecordedOptions): Promise<Outcome<Recorded>> => {
  const opened = await openRecording(path);
  if (!opened.ok) return opened;
  const replay = openReplay(false);
  const reader = openRuns(openDecoder(), LINES);
  const follower = follow(options.criu, options.wanted);
  const damage: Damage[] = [];
  let damages = 0;
  let partial = false;
  const newer = gatherLater();
  const gaps: { line: HistoryLine; time: bigint }[] = [];
  const hooks: { hook: Hook; time: bigint }[] = [];
  let header: Header | undefined;
  let host: Host | undefined;
  let [until, events, offset] = [0n, 0, 0n];
  /** When it begins; of one whose header is lost, with its first frame. */
  let from: bigint | undefined;
  const items = opened.value.items(reader, options.progress);
  const frame = ({ content, ...when }: TraceFrame<Content>): void => {
    offset = when.offset;
    until = when.at + offset;
    from ??= until;
    const { observations, passed } = sorted(content);
    for (const { count } of passed.values()) events += count;
    for (const one of observations) {
      if (one.kind === 'snapshot') host ??= one.evidence.host;
      if (one.kind === 'event' && 'tgid' in one.event) events += 1;
    }
    const replayed = replay({ kind: 'frame', frame: { ...when, content: observations } });
    if (replayed === undefined) return;
    follower.take(replayed, observations, passed);
    for (const line of replayed.frame.lines)
      if (line.event?.kind === 'gap') addBounded(gaps, { line, time: line.at + offset }, FIRST, MOST);
  };
  let ending: Failure | undefined;
  for (;;) {
    const next = await items.next();
    if (next.done === true) {
      ending = next.value;
      break;
    }
    for (const item of next.value) {
      if (item.kind === 'frame') {
        frame(item.frame);
        continue;
      }
      replay(item);
      switch (item.kind) {
        case 'header':
          if (from !== undefined && header?.session !== item.header.session) follower.nextRun();
          from ??= fromDigits(item.header.at) + fromDigits(item.header.offset);
          header = item.header;
          offset = fromDigits(item.header.offset);
          break;
        case 'damage':
          partial ||= !item.damage.torn && leavesGap(item.damage);
          if (item.damage.later !== undefined) {
            newer.add(item.damage.text, item.damage.later);
            break;
          }
          damages += 1;
          if (damage.length < MOST_DAMAGE) damage.push(item.damage);
          break;
        case 'hook':
          addBounded(hooks, { hook: item.hook, time: fromDigits(item.hook.at) + offset }, FIRST, MOST);
          break;
        case 'foreign':
          break;
      }
    }
  }
  // Its first lines may be lost: what the others tell is told without them.
  host ??= header === undefined ? (events > 0 ? UNKNOWN : undefined) : hostOf(header);
  if (host === undefined || from === undefined)
    return failed(damages === 0 ? (ending ?? noRecordingIn(path)) : unreadableRecording(path, damage, damages));
  const problems = damages === 0 ? [] : [damagedRecording(damage, damages)];
  const { lives, forgotten } = follower.end();
  return success({
    host,
    from,
    until: until > from ? until : from,
    offset,
    lives,
    gaps,
    hooks,
    events,
    partial: partial || ending !== undefined,
    problems: [
      ...problems,
      ...newer.list(),
      ...(ending === undefined ? [] : [ending]),
      ...(forgotten === 0 ? [] : [tooMany(path, forgotten)]),
    ],
  });
};

const FIRST = 16;
const MOST = 64;
const MOST_DAMAGE = 3;

/** One sentence for all of it: a wrecked file has thousands of places. */
const damagedRecording = ([first]: readonly Damage[], count: number): Failure => {
  const text = first?.text ?? 'it is damaged';
  if (count === 1) return failure('bad-input', `${text}; what is before and after is analysed.`);
  const more = count === 2 ? 'one more place is' : `${count - 1} more places are`;
  return failure('bad-input', `${text}, and ${more} damaged; the rest is analysed.`);
};

const unreadableRecording = (path: string, damage: readonly Damage[], count: number): Failure =>
  count === 1 && damage[0] !== undefined
    ? failure('bad-input', `${escapeText(path)} cannot be read as a recording: ${tail(damage[0].text)}.`)
    : failure('bad-input', `${escapeText(path)} cannot be read as a recording: ${count} places are damaged.`);

const tooMany = (path: string, count: number): Failure =>
  failure(
    'too-large',
    `${escapeText(path)} tells of ${count} more processes, which are left out.`,
    'Record fewer: --pid, --tree, --comm, --cgroup.',
  );

const tail = (text: string): string => text.slice(text.indexOf(': ') + 2);

const noRecordingIn = (path: string): Failure => failure('bad-input', `${escapeText(path)} holds no recording.`);

const UNKNOWN: Host = { ...UNKNOWN_HOST, pageSize: 4096 };

const hostOf = ({ host, hint, bootId }: Header): Host => ({
  ...UNKNOWN,
  release: host.release,
  machine: host.machine,
  hintTest: hint,
  ...(bootId === null ? {} : { bootId }),
});
