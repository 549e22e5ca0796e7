import { type SchedulerLike, Subscription } from 'rxjs';
import type { Evidence } from '../model/evidence.js';
import { hasLostMemory } from '../proc/unread.js';
import type { BootClock, Reader, Snapshot } from './observation.js';
import { type Later, readingQueue } from './reading-queue.js';
import { NEVER_READ, type ReadingRules, type Request, restAfter, type Slot, windowOf } from './reading-slot.js';
import { together } from './target.js';

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

export interface Readings {
  /** A reading that begins after `at` (boot clock) will be there. False: too many are waiting. */
  readonly request: (wanted: Request, at: bigint) => boolean;
  /** It has ended: if it waits to be read, it waits no more. */
  readonly end: (pid: number) => void;
  /** Is it about to be read, or being read? */
  readonly isBusy: (pid: number) => boolean;
  readonly isIdle: () => boolean;
  readonly stop: () => void;
}

/** When to read what: no address space more often than a window allows, no event without a newer reading. */
export const readings = (
  { read, clock, scheduler }: ReadingSource,
  rules: ReadingRules,
  listener: ReadingListener,
): Readings => {
  const { window, newborn, concurrency, waiting } = rules;
  const running = new Subscription();
  const slots = new Map<number, Slot>();
  let busy = 0;
  let tidyAt = 0;

  const later: Later = (delay, work) => {
    const action: Subscription = scheduler.schedule(() => {
      running.remove(action);
      work();
    }, delay);
    running.add(action);
    return action;
  };

  const request = (wanted: Request, at: bigint): boolean => {
    const { pid } = wanted;
    const slot = slots.get(pid);
    if (slot !== undefined && slot.startedAt > at && (slot.thorough || !wanted.thorough)) return true;
    if (slot !== undefined && slot.state !== 'idle') {
      const both = slot.wanted === undefined ? wanted : { ...together(slot.wanted, wanted), tried: wanted.tried };
      slots.set(pid, { ...slot, wanted: both });
      if (slot.state === 'cooling' && both.thorough && slot.wanted?.thorough === false) cool(pid);
      return true;
    }
    if (busy >= waiting) return false;
    tidy();
    busy += 1;
    slots.set(pid, { ...(slot ?? NEVER_READ), wanted });
    cool(pid);
    return true;
  };

  /**
   * Waits until it may be read. Who has only just come waits longer: under fork + exec + exit in a loop, readings of
   * processes that live for some milliseconds filled the CPU profile (read, smaps, maps); with the wait they left it.
   */
  const cool = (pid: number): void => {
    const slot = slots.get(pid) ?? NEVER_READ;
    slot.timer?.unsubscribe();
    const early = slot.readyAt - scheduler.now();
    const pause = Math.max(early, slot.wanted?.thorough === false ? newborn : 0);
    const timer = pause > 0 ? later(pause, () => enqueue(pid)) : undefined;
    slots.set(pid, { ...slot, state: 'cooling', early: early > 0, timer });
    if (timer === undefined) enqueue(pid);
  };

  const enqueue = (pid: number): void => {
    const slot = slots.get(pid);
    if (slot === undefined) return;
    slots.set(pid, { ...slot, state: 'queued', timer: undefined });
    queue.add(pid);
  };

  const begin = (pid: number): boolean => {
    const slot = slots.get(pid) ?? NEVER_READ;
    const { wanted } = slot;
    if (slot.state !== 'queued' || wanted === undefined) return false;
    const startedAt = clock();
    const { thorough } = wanted;
    const begun = scheduler.now();
    const storm = slot.early ? slot.storm + 1 : 0;
    const readyAt = begun + windowOf({ ...slot, storm }, rules);
    slots.set(pid, { ...NEVER_READ, state: 'reading', startedAt, thorough, readyAt, storm });
    let evidence: Evidence | undefined;
    running.add(
      read(wanted).subscribe({
        next: (value) => {
          evidence = value;
        },
        error: listener.error,
        complete: () => finish(wanted, startedAt, scheduler.now() - begun, evidence),
      }),
    );
    return true;
  };

  const queue = readingQueue(concurrency, later, begin);

  const finish = (done: Request, startedAt: bigint, cost: number, evidence: Evidence | undefined): void => {
    busy -= 1;
    const slot = slots.get(done.pid);
    if (slot !== undefined) {
      const readyAt = Math.max(slot.readyAt, scheduler.now() + restAfter(cost, rules));
      slots.set(done.pid, { ...slot, readyAt, state: 'idle', wanted: undefined });
    }
    if (evidence !== undefined)
      listener.next({ kind: 'snapshot', pid: done.pid, startedAt: evidence.takenAt ?? startedAt, evidence });
    if (evidence === undefined || hasLostMemory(evidence)) listener.gone({ ...done, tried: [...done.tried, done.pid] });
    if (slot?.wanted !== undefined) request(slot.wanted, startedAt);
    queue.done();
    if (busy === 0) listener.idle();
  };

  const end = (pid: number): void => {
    const slot = slots.get(pid);
    const { state, wanted, timer } = slot ?? NEVER_READ;
    if (slot === undefined || wanted === undefined || (state !== 'cooling' && state !== 'queued')) return;
    timer?.unsubscribe();
    slots.set(pid, { ...slot, state: 'idle', wanted: undefined, timer: undefined });
    busy -= 1;
    listener.gone({ ...wanted, tried: [...wanted.tried, pid] });
    if (busy === 0) listener.idle();
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
    end,
    isBusy: (pid) => (slots.get(pid)?.state ?? 'idle') !== 'idle',
    isIdle: () => busy === 0,
    stop: () => running.unsubscribe(),
  };
};

const MANY = 1024;
