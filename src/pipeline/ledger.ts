import type { TracerStatus } from '../model/event.js';
import { type OpenJournal, openJournal } from '../model/journal.js';
import { type Counters, type HistoryLine, type HostStatus, isEverydayLife, type WatchState } from '../model/state.js';
import type { ProcessRecord, SpaceRecord } from './records.js';

/**
 * The state behind WatchState. One million events over ten thousand processes must not copy a map each, so the maps
 * here are changed in place, by `step` alone; what is in them never is: an entry that changes is replaced, so a face
 * may compare entries by identity. A WatchState is a view of the ledger after one frame.
 */
export interface Ledger {
  readonly host: HostStatus;
  tracer: TracerStatus;
  readonly processes: Map<string, ProcessRecord>;
  readonly spaces: Map<string, SpaceRecord>;
  /** What became of both maps: entries.ts writes it. */
  readonly changes: { readonly processes: OpenJournal; readonly spaces: OpenJournal };
  /** Pid -> key of its newest owner, which may have exited. */
  readonly byPid: Map<number, string>;
  /** Kernel identity of an address space (see `contextKey`) -> id of the space. */
  readonly byContext: Map<string, string>;
  /** Keys of exited processes, oldest exit first. */
  readonly exited: Map<string, bigint>;
  /** Keys of processes that hold a snapshot back (see ProcessRecord.held). */
  readonly holding: Set<string>;
  /** Spaces with an unexplained move. */
  readonly unexplained: Set<string>;
  /** Spaces whose evidence, or what is known beside it, is newer than their verdict. */
  readonly unjudged: Set<string>;
  /** Lines of this frame, in order; handed to the faces with it. */
  lines: HistoryLine[];
  /** Are they kept beyond their frame: in histories, and in `recent`? Only for who shows them then. */
  readonly keepsLines: boolean;
  /** The newest lines in histories. */
  readonly ordinaryLines: Ring;
  readonly remarkableLines: Ring;
  /** Spaces whose evidence is still whole, by when it was read, oldest first (see slim.ts). */
  readonly whole: Map<string, bigint>;
  recent: readonly HistoryLine[];
  readonly counters: Mutable<Counters>;
  /** Events in each of the last seconds of the boot clock, newest last: second -> count. */
  readonly rates: Map<number, number>;
  /** The newest gap: what is not read after it may be wrong. */
  gapAt: bigint;
  /** The first census is announced once its processes are judged. */
  announced: boolean;
  /** Notes of the tracer that were written down: each is said once. */
  readonly said: Set<string>;
  now: bigint;
  /** The newest event, heartbeats included: all older ones have been delivered, but for the odd straggler. */
  heardUntil: bigint;
  /** For ids of spaces that the kernel gave none. */
  serial: number;
}

/**
 * Where the newest LIMITS.histories lines are; the next one takes the place of the oldest. Not the lines themselves:
 * those of a process that is busy have left its history long before, and would be kept by it (2 MB).
 */
interface Ring {
  readonly places: Pick<HistoryLine, 'space' | 'at'>[];
  next: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What one frame gives to the faces: the state, and every line that is new in it. */
export interface Frame {
  readonly state: WatchState;
  readonly lines: readonly HistoryLine[];
}

export const LIMITS = {
  /** Lines kept in the history of an address space. */
  history: 32,
  /** Lines kept in all histories together: ordinary ones, and as many remarkable ones. */
  histories: 4096,
  /** Newest lines of all, at least half of them for what is no everyday life. */
  recent: 1000,
  /** So many more before they are cut: to look at a thousand lines in each of 25 frames a second cost 0.4 % of a core. */
  recentSurplus: 250,
  /** Moves kept per address space: the first, and the newest. */
  moves: 4,
  /** Exited processes are kept a minute, and never more than this many. */
  exitedNs: 60_000_000_000n,
  exited: 2000,
  /** How far events must have come beyond a snapshot before it is taken for unexplained: a straggler may be due. */
  stragglersNs: 300_000_000n,
  /** How long a reading is kept whole, and how many are. */
  wholeNs: 2_000_000_000n,
  whole: 500,
  rateSeconds: 5,
} as const;

/** A state in which nothing is known. `keepsLines`: see there. */
export const openLedger = (host: HostStatus, keepsLines = true): Ledger => ({
  host,
  tracer: { mode: 'starting', text: 'starting', notes: [] },
  processes: new Map(),
  spaces: new Map(),
  changes: { processes: openJournal(), spaces: openJournal() },
  byPid: new Map(),
  byContext: new Map(),
  exited: new Map(),
  holding: new Set(),
  unexplained: new Set(),
  unjudged: new Set(),
  lines: [],
  keepsLines,
  ordinaryLines: { places: [], next: 0 },
  remarkableLines: { places: [], next: 0 },
  whole: new Map(),
  recent: [],
  counters: { events: 0, rate: 0, lost: 0n, gaps: 0, snapshots: 0, sweeps: 0 },
  rates: new Map(),
  gapAt: 0n,
  announced: false,
  said: new Set(),
  now: 0n,
  heardUntil: 0n,
  serial: 0,
});

/**
 * Have all events up to this time been delivered? A loaded machine may deliver them seconds late, so that is told by
 * the events themselves, not by the clock. Without probes there is nothing to wait for.
 */
export const isHeardUntil = ({ tracer, heardUntil }: Ledger, at: bigint): boolean =>
  (tracer.mode !== 'ebpf' && tracer.mode !== 'replay') || heardUntil - at >= LIMITS.stragglersNs;

/** The frame so far; the next one starts without lines. */
export const closeFrame = (ledger: Ledger): Frame => {
  const { lines } = ledger;
  ledger.lines = [];
  if (lines.length > 0 && ledger.keepsLines) ledger.recent = newestOf(ledger.recent, lines, LIMITS.recent);
  const { host, tracer, processes, spaces, changes, recent, counters, now } = ledger;
  return {
    state: { host, tracer, processes, spaces, changes, recent, counters: { ...counters, rate: rate(ledger) }, now },
    lines,
  };
};

/**
 * A host that forks all the time must not push a move of a minute ago out of sight: forks, execs and exits make room
 * first, until only half of the lines are such.
 */
const newestOf = (
  before: readonly HistoryLine[],
  lines: readonly HistoryLine[],
  limit: number,
): readonly HistoryLine[] => {
  const all = before.concat(lines);
  const surplus = all.length - limit;
  if (surplus <= LIMITS.recentSurplus) return all;
  const everyday = all.reduce((count, line) => count + (isEverydayLife(line) ? 1 : 0), 0);
  let ordinary = Math.min(surplus, Math.max(0, everyday - limit / 2));
  let others = surplus - ordinary;
  return all.filter((line) => (isEverydayLife(line) ? ordinary-- : others--) <= 0);
};

const rate = ({ rates, now }: Ledger): number => {
  const current = secondOf(now);
  let events = 0;
  for (const [second, count] of rates) {
    if (second < current - LIMITS.rateSeconds) rates.delete(second);
    else if (second < current) events += count;
  }
  return Math.round((events / LIMITS.rateSeconds) * 10) / 10;
};

/** Second of the boot clock. */
export const secondOf = (at: bigint): number => Math.floor(Number(at) / 1e9);
