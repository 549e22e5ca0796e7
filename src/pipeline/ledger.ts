import type { MoveSeen } from '../judge/context.js';
import type { Event, TracerStatus } from '../model/event.js';
import type { AddressSpace, Counters, HistoryLine, HostStatus, ProcessState, WatchState } from '../model/state.js';
import type { Image } from './identity.js';
import type { Noise } from './noise.js';
import type { Snapshot } from './observation.js';

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
  recent: readonly HistoryLine[];
  counters: Counters;
  /** Events in each of the last seconds of the boot clock, newest last: second -> count. */
  readonly rates: Map<bigint, number>;
  /** The newest gap: what is not read after it may be wrong. */
  gapAt: bigint;
  /** Sweeps that are through. The first one is announced once its processes are judged. */
  sweeps: number;
  announced: boolean;
  /** Notes of the tracer that were written down: each is said once. */
  readonly said: Set<string>;
  now: bigint;
  /** For ids of spaces that the kernel gave none. */
  serial: number;
}

export interface ProcessRecord extends ProcessState {
  /** Field 22 of its stat, once it was read. `key` holds an estimate until then. */
  readonly startTicks: bigint | undefined;
  /** It did not exist before (boot clock, ns); 0n: not known. What is older belongs to a former owner of the pid. */
  readonly bornAt: bigint;
  /** The oldest sign of its life. */
  readonly firstSeen: bigint;
  /**
   * A snapshot that shows another program image than its address space has: the exec has happened, its event is still
   * on the way. It waits here rather than being taken for news about the old address space.
   */
  readonly held: Snapshot | undefined;
}

export interface SpaceRecord extends AddressSpace {
  /** Boot clock of the exec or fork that made it; 0n: not known. */
  readonly bornAt: bigint;
  /** Where exec or ARCH_MAP_VDSO_* put its vDSO, when a probe saw it. */
  readonly placedAt: bigint | undefined;
  /** Moves since then that were seen; the first and the newest. */
  readonly past: readonly MoveSeen[];
  /** mm->context.vdso at the newest event that said it. */
  readonly truth: { readonly at: bigint; readonly vdso: bigint } | undefined;
  readonly lastEventAt: bigint;
  /** `startedAt` of its evidence; 0n: none. */
  readonly readAt: bigint;
  /** Which exec made it, as far as auxv tells (see `imageOf`). */
  readonly image: Image | undefined;
  /** Keys of processes that point here, exited ones included. Changed in place. */
  readonly members: Set<string>;
  /** It was found elsewhere than before, and no call is known (yet) that did it. */
  readonly unexplained: { readonly from: bigint; readonly to: bigint; readonly at: bigint } | undefined;
  /** A well-known tool is at work here; what it does is no alarm. */
  readonly noise: Noise | undefined;
}

/** What one frame gives to the faces: the state, and every line that is new in it. */
export interface Frame {
  readonly state: WatchState;
  readonly lines: readonly HistoryLine[];
}

export const LIMITS = {
  /** Lines kept per address space, and over all. */
  history: 32,
  recent: 1000,
  /** Moves kept per address space: the first, and the newest. */
  moves: 32,
  /** Exited processes are kept a minute, and never more than this many. */
  exitedNs: 60_000_000_000n,
  exited: 2000,
  /** How long a snapshot waits for the event that explains it: events are ordered in a window, snapshots are not. */
  heldNs: 500_000_000n,
  rateSeconds: 5n,
} as const;

export const openLedger = (host: HostStatus): Ledger => ({
  host,
  tracer: { mode: 'starting', text: 'starting', notes: [] },
  processes: new Map(),
  spaces: new Map(),
  byPid: new Map(),
  byContext: new Map(),
  exited: new Map(),
  holding: new Set(),
  unexplained: new Set(),
  unjudged: new Set(),
  lines: [],
  recent: [],
  counters: { events: 0, rate: 0, lost: 0n, gaps: 0, snapshots: 0 },
  rates: new Map(),
  gapAt: 0n,
  sweeps: 0,
  announced: false,
  said: new Set(),
  now: 0n,
  serial: 0,
});

/** The frame so far; the next one starts without lines. */
export const closeFrame = (ledger: Ledger): Frame => {
  const { lines } = ledger;
  ledger.lines = [];
  if (lines.length > 0) ledger.recent = [...ledger.recent, ...lines].slice(-LIMITS.recent);
  const { host, tracer, processes, spaces, recent, counters, now } = ledger;
  return {
    state: { host, tracer, processes, spaces, recent, counters: { ...counters, rate: rate(ledger) }, now },
    lines,
  };
};

const rate = ({ rates, now }: Ledger): number => {
  const oldest = now / 1_000_000_000n - LIMITS.rateSeconds;
  for (const second of rates.keys()) if (second < oldest) rates.delete(second);
  let events = 0;
  for (const [second, count] of rates) if (second < now / 1_000_000_000n) events += count;
  return Math.round((events / Number(LIMITS.rateSeconds)) * 10) / 10;
};

export const putProcess = (ledger: Ledger, process: ProcessRecord): ProcessRecord => {
  ledger.processes.set(process.key, process);
  return process;
};

export const putSpace = (ledger: Ledger, space: SpaceRecord): SpaceRecord => {
  ledger.spaces.set(space.id, space);
  return space;
};

/** Writes a line down: for this frame, and into the history of its address space. */
export const addLine = (ledger: Ledger, line: HistoryLine): void => {
  ledger.lines.push(line);
  const space = ledger.spaces.get(line.space);
  if (space === undefined) return;
  putSpace(ledger, { ...space, history: [...space.history.slice(-(LIMITS.history - 1)), line] });
};

export const countEvent = (ledger: Ledger, event: Event): void => {
  const second = event.at / 1_000_000_000n;
  ledger.rates.set(second, (ledger.rates.get(second) ?? 0) + 1);
  ledger.counters = { ...ledger.counters, events: ledger.counters.events + 1 };
};
