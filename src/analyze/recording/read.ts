import { type Host, UNKNOWN_HOST } from '../../model/evidence.js';
import { type Failure, failed, failure, type Outcome, success } from '../../model/failure.js';
import type { HistoryLine } from '../../model/state.js';
import { escapeText } from '../../text/escape.js';
import { openDecoder } from '../../trace/decoder.js';
import type { Header, Hook } from '../../trace/format.js';
import type { TraceFrame, TraceItem } from '../../trace/items.js';
import { fromDigits } from '../../trace/number-text.js';
import { gatherDamage, noRecording } from '../../trace/problems.js';
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
  const items = opened.value.items(openRuns(openDecoder(), LINES), options.progress);
  const told = gather(path, options);
  for (;;) {
    const next = await items.next();
    if (next.done === true) return told.end(next.value);
    for (const item of next.value) told.take(item);
  }
};

/** What a recording tells, item by item. */
const gather = (path: string, { criu, wanted }: RecordedOptions) => {
  const replay = openReplay(false);
  const follower = follow(criu, wanted);
  const damage = gatherDamage();
  const gaps: { line: HistoryLine; time: bigint }[] = [];
  const hooks: { hook: Hook; time: bigint }[] = [];
  let header: Header | undefined;
  let host: Host | undefined;
  let [until, events, offset] = [0n, 0, 0n];
  /** When it begins; of one whose header is lost, with its first frame. */
  let from: bigint | undefined;

  const onHeader = (next: Header): void => {
    if (from !== undefined && header?.session !== next.session) follower.nextRun();
    header = next;
    offset = fromDigits(next.offset);
    from ??= fromDigits(next.at) + offset;
  };

  const onFrame = ({ content, ...when }: TraceFrame<Content>): void => {
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

  const take = (item: TraceItem<Content>): void => {
    if (item.kind === 'frame') {
      onFrame(item.frame);
      return;
    }
    replay(item);
    if (item.kind === 'header') onHeader(item.header);
    else if (item.kind === 'damage') damage.add(item.damage);
    else if (item.kind === 'hook')
      addBounded(hooks, { hook: item.hook, time: fromDigits(item.hook.at) + offset }, FIRST, MOST);
  };

  /** `ending`: why not all of it was read. */
  const end = (ending: Failure | undefined): Outcome<Recorded> => {
    // Its first lines may be lost: what the others tell is told without them.
    const known = host ?? hostOf(header) ?? (events > 0 ? UNKNOWN : undefined);
    if (known === undefined || from === undefined)
      return failed(damage.unreadable(path) ?? ending ?? noRecording(path));
    const { lives, forgotten } = follower.end();
    const others = [ending, forgotten === 0 ? undefined : tooMany(path, forgotten)];
    return success({
      host: known,
      from,
      until: until > from ? until : from,
      offset,
      lives,
      gaps,
      hooks,
      events,
      partial: damage.isPartial() || ending !== undefined,
      problems: [...damage.list(), ...others.filter((one) => one !== undefined)],
    });
  };

  return { take, end };
};

const FIRST = 16;
const MOST = 64;

const tooMany = (path: string, count: number): Failure =>
  failure(
    'too-large',
    `${escapeText(path)} tells of ${count} more processes, which are left out.`,
    'Record fewer: --pid, --tree, --comm, --cgroup.',
  );

const UNKNOWN: Host = { ...UNKNOWN_HOST, pageSize: 4096 };

const hostOf = (header: Header | undefined): Host | undefined => {
  if (header === undefined) return undefined;
  const { host, hint, bootId } = header;
  return {
    ...UNKNOWN,
    release: host.release,
    machine: host.machine,
    hintTest: hint,
    ...(bootId === null ? {} : { bootId }),
  };
};
