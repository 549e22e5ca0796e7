import type { Observable } from 'rxjs';
import type { Event } from '../model/event.js';
import type { Evidence } from '../model/evidence.js';
import type { Target } from './target.js';

/** What reaches the state: one event, one reading of a process, one list of processes, or the passing of time. */
export type Observation = Happening | Snapshot | Census | Swept | Tick;

/** An event, delivered whether or not a snapshot of its address space follows. */
export interface Happening {
  readonly kind: 'event';
  readonly event: Event;
  /** Pid in our /proc of the process whose address space it is about (a poke's victim); undefined: not found. */
  readonly target: number | undefined;
  /** asked: a snapshot newer than the event follows; none: it needs none; refused: too many were waiting. */
  readonly snapshot: 'asked' | 'none' | 'refused';
}

/** One process as /proc showed it. `startedAt`: boot clock before the first byte was read, ns; never too late. */
export interface Snapshot {
  readonly kind: 'snapshot';
  readonly pid: number;
  readonly startedAt: bigint;
  readonly evidence: Evidence;
}

/**
 * Every pid that existed at `at` (boot clock before the list was read, ns): a process that was there before and is not in
 * it has gone.
 */
export interface Census {
  readonly kind: 'census';
  readonly at: bigint;
  readonly pids: ReadonlySet<number>;
}

/** A sweep is through: all of its processes have been read. */
interface Swept {
  readonly kind: 'swept';
  readonly at: bigint;
}

interface Tick {
  readonly kind: 'tick';
  readonly at: bigint;
}

/** Reads one process now. Live: /proc. Tests: a table. A vanished process is evidence too. */
export type Reader = (target: Target) => Observable<Evidence>;

/** CLOCK_BOOTTIME in ns. It may lag by some ms and must never run ahead: a snapshot must not look newer than it is. */
export type BootClock = () => bigint;
