import { type SchedulerLike, Subscription } from 'rxjs';
import type { Evidence } from '../model/evidence.js';
import type { BootClock, Reader, Snapshot } from './observation.js';
import { type Target, together } from './target.js';

export interface ReadingRules {
  /** One address space is read at most once in this time, in ms. */
  readonly window: number;
  /** Readings at the same time. */
  readonly concurrency: number;
  /** Address spaces that may wait to be read. */
  readonly waiting: number;
}

export interface ReadingSource {
  readonly read: Reader;
  readonly clock: BootClock;
  readonly scheduler: SchedulerLike;
}

export interface ReadingListener {
  readonly next: (snapshot: Snapshot) => void;
  /** It had gone; `tried` includes it. */
  readonly gone: (wanted: Request) => void;
  /** Nothing is being read or waits to be read. */
  readonly idle: () => void;
  readonly error: (reason: unknown) => void;
}

export interface Request extends Target {
  /** Pids of the same address space that turned out to be gone. */
  readonly tried: readonly number[];
}

export interface Readings {
  /** A reading that begins after `at` (boot clock) will be there. False: too many are waiting. */
  readonly request: (wanted: Request, at: bigint) => boolean;
  /** Is it about to be read, or being read? */
  readonly isBusy: (pid: number) => boolean;
  readonly isIdle: () => boolean;
  readonly stop: () => void;
}

interface Slot {
  /** queued: waits its turn; cooling: was read lately, waits for its window; idle: nothing to do. */
  readonly state: 'queued' | 'cooling' | 'reading' | 'idle';
  /** Boot clock of the newest reading's start. */
  readonly startedAt: bigint;
  readonly thorough: boolean;
  /** Scheduler time from which it may be read again. */
  readonly readyAt: number;
  /** What waits; while it is being read: what was asked for since. */
  readonly wanted: Request | undefined;
}

/** When to read what: no address space more often than a window allows, no event without a newer reading. */
export const readings = (
  { read, clock, scheduler }: ReadingSource,
  { window, concurrency, waiting }: ReadingRules,
  listener: ReadingListener,
): Readings => {
  const running = new Subscription();
  const slots = new Map<number, Slot>();
  const queue: number[] = [];
  let busy = 0;
  let inFlight = 0;
  let draining = false;
  let tidyAt = 0;

  const later = (delay: number, work: () => void): void => {
    const action: Subscription = scheduler.schedule(() => {
      running.remove(action);
      work();
    }, delay);
    running.add(action);
  };

  const enqueue = (pid: number): void => {
    const slot = slots.get(pid);
    if (slot === undefined) return;
    slots.set(pid, { ...slot, state: 'queued' });
    queue.push(pid);
    wake();
  };

  const wake = (): void => {
    if (draining || queue.length === 0) return;
    draining = true;
    later(0, drain);
  };

  /** A few readings, then the event loop runs: a blocked reader of the probes loses events. */
  const drain = (): void => {
    for (let turn = 0; turn < READS_PER_TURN && inFlight < concurrency; turn++) {
      const pid = queue.shift();
      if (pid === undefined) break;
      start(pid);
    }
    draining = false;
    if (inFlight < concurrency) wake();
  };

  const start = (pid: number): void => {
    const wanted = slots.get(pid)?.wanted;
    if (wanted === undefined) return;
    const startedAt = clock();
    const { thorough } = wanted;
    slots.set(pid, { state: 'reading', startedAt, thorough, readyAt: scheduler.now() + window, wanted: undefined });
    inFlight += 1;
    let evidence: Evidence | undefined;
    running.add(
      read(wanted).subscribe({
        next: (value) => {
          evidence = value;
        },
        error: listener.error,
        complete: () => finish(wanted, startedAt, evidence),
      }),
    );
  };

  const finish = (done: Request, startedAt: bigint, evidence: Evidence | undefined): void => {
    inFlight -= 1;
    busy -= 1;
    const slot = slots.get(done.pid);
    if (slot !== undefined) slots.set(done.pid, { ...slot, state: 'idle', wanted: undefined });
    if (evidence !== undefined)
      listener.next({ kind: 'snapshot', pid: done.pid, startedAt: evidence.takenAt ?? startedAt, evidence });
    if (evidence === undefined || hasGone(evidence)) listener.gone({ ...done, tried: [...done.tried, done.pid] });
    if (slot?.wanted !== undefined) request(slot.wanted, startedAt);
    wake();
    if (busy === 0) listener.idle();
  };

  const request = (wanted: Request, at: bigint): boolean => {
    const { pid } = wanted;
    const slot = slots.get(pid);
    if (slot !== undefined && slot.startedAt > at && (slot.thorough || !wanted.thorough)) return true;
    if (slot !== undefined && slot.state !== 'idle') {
      const both = slot.wanted === undefined ? wanted : { ...together(slot.wanted, wanted), tried: wanted.tried };
      slots.set(pid, { ...slot, wanted: both });
      return true;
    }
    if (busy >= waiting) return false;
    tidy();
    busy += 1;
    const pause = slot === undefined ? 0 : slot.readyAt - scheduler.now();
    slots.set(pid, { ...(slot ?? NEVER_READ), state: pause > 0 ? 'cooling' : 'queued', wanted });
    if (pause > 0) later(pause, () => enqueue(pid));
    else enqueue(pid);
    return true;
  };

  /** Forgets who was read long enough ago, now and then. */
  const tidy = (): void => {
    const now = scheduler.now();
    if (slots.size < MANY || now < tidyAt) return;
    tidyAt = now + window;
    for (const [pid, slot] of slots) if (slot.state === 'idle' && slot.readyAt <= now) slots.delete(pid);
  };

  return {
    request,
    isBusy: (pid) => (slots.get(pid)?.state ?? 'idle') !== 'idle',
    isIdle: () => busy === 0,
    stop: () => running.unsubscribe(),
  };
};

const NEVER_READ: Slot = { state: 'idle', startedAt: 0n, thorough: false, readyAt: 0, wanted: undefined };
const READS_PER_TURN = 16;
const MANY = 1024;

/** The process ended before it could be read. */
const hasGone = (evidence: Evidence): boolean =>
  evidence.vmas === undefined && evidence.unread.some(({ why }) => why === 'gone');
