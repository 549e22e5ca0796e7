import type { Event, SpaceKey, TracerStatus } from './event.js';
import type { Evidence } from './evidence.js';
import type { Journal } from './journal.js';
import type { Finding, Verdict } from './verdict.js';

/**
 * The live state: processes point at address spaces, and the verdict belongs to the space. The reducer returns a
 * new object per batch; maps inside are shared and must be treated as read-only by every face.
 */
export interface WatchState {
  readonly host: HostStatus;
  readonly tracer: TracerStatus;
  /** By process key (see ProcessState.key). */
  readonly processes: ReadonlyMap<string, ProcessState>;
  readonly spaces: ReadonlyMap<string, AddressSpace>;
  /** What became of both maps so far, when their owner keeps account of it. */
  readonly changes?: Changes | undefined;
  /** Newest last, bounded. */
  readonly recent: readonly HistoryLine[];
  readonly counters: Counters;
  /** Boot clock of the newest thing in it, ns. */
  readonly now: bigint;
}

/** By process key and by space id. */
export interface Changes {
  readonly processes: Journal;
  readonly spaces: Journal;
}

export interface HostStatus {
  readonly name: string;
  readonly release: string;
  readonly machine: string;
  readonly privileged: boolean;
}

export interface Counters {
  readonly events: number;
  /** Events a second over the last seconds. */
  readonly rate: number;
  readonly lost: bigint;
  readonly gaps: number;
  readonly snapshots: number;
  /** Censuses that are through: all processes have been read so often. */
  readonly sweeps: number;
}

export interface ProcessState {
  /** "pid@startTicks": a pid alone is reused. */
  readonly key: string;
  readonly pid: number;
  readonly comm: string;
  readonly parent: number | undefined;
  readonly space: string;
  /** Exec count since first seen. */
  readonly generation: number;
  /** Boot clock ns of its end; kept for a minute, marked. */
  readonly exitedAt: bigint | undefined;
  /** Why nothing is known, in words; undefined when it could be read. */
  readonly unreadable: string | undefined;
}

export interface AddressSpace {
  readonly id: string;
  readonly key: SpaceKey | undefined;
  readonly evidence: Evidence | undefined;
  readonly verdict: Verdict | undefined;
  /** Keys of processes that point here, exited ones included. */
  readonly members: readonly string[];
  /** How many of them are alive: more than one shares it (vfork, CLONE_VM). */
  readonly sharers: number;
  readonly moves: number;
  readonly history: readonly HistoryLine[];
  /** An event newer than the evidence has been seen: a fresh snapshot is due. */
  readonly dirty: boolean;
}

/** Whose lines those are that are about the tracer or the state as a whole; their pid is 0. */
export const TRACER = 'vdsowatch';

/** Something that happened, in words, with the event that says so; what the event tail and history show. */
export interface HistoryLine {
  readonly at: bigint;
  readonly pid: number;
  readonly comm: string;
  readonly space: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** Already escaped for a terminal. */
  readonly text: string;
  readonly event: Event | undefined;
  readonly finding: Finding | undefined;
  /** Of a poke: the process written into, as our /proc numbers it. */
  readonly target?: number;
  /** The finding no longer holds. */
  readonly gone?: boolean;
}

/** Processes come and go all the time: not what one watches for, unless something else is said of it. */
export const isEverydayLife = ({ event, severity }: HistoryLine): boolean =>
  severity === 'info' && (event?.kind === 'fork' || event?.kind === 'exec' || event?.kind === 'exit');
