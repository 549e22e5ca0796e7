import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, Subscription } from 'rxjs';
import type { Event } from '../model/event.js';
import type { Evidence } from '../model/evidence.js';
import { kinship } from './kinship.js';
import type { BootClock, Happening, PidResolver, Reader, Snapshot } from './observation.js';
import { type Target, targetOf } from './target.js';

export interface JoinOptions {
  readonly read: Reader;
  readonly clock: BootClock;
  readonly resolve: PidResolver;
  /** One address space is read at most once in this time, in ms; the last reading is newer than its last event. */
  readonly window?: number;
  /** Readings at the same time. */
  readonly concurrency?: number;
  /** Address spaces that may wait to be read; beyond it events go on without. */
  readonly waiting?: number;
  readonly scheduler?: SchedulerLike;
}

interface Request extends Target {
  /** Pids of the same address space that turned out to be gone. */
  readonly tried: readonly number[];
}

/**
 * Gives every event a snapshot of the address space it is about. The event itself goes on at once and always; the
 * snapshot follows, begun after the event happened. A storm on one address space costs one reading per window, and a
 * reading that began after an event happened serves that event too. When the process has gone and others share its
 * address space, one of those is read.
 */
export const join =
  ({
    read,
    clock,
    resolve,
    window = 100,
    concurrency = 4,
    waiting = 20_000,
    scheduler = asyncScheduler,
  }: JoinOptions): OperatorFunction<Event, Happening | Snapshot> =>
  (events) =>
    new Observable((subscriber) => {
      const running = new Subscription();
      const queue: Request[] = [];
      /** By pid: not before this scheduler time again, and where the wait stands. */
      const slots = new Map<number, Slot>();
      const kin = kinship();
      let inFlight = 0;
      let draining = false;
      let ended = false;

      const request = (wanted: Request, at: bigint): Happening['snapshot'] => {
        const pid = kin.leader(wanted.context, wanted.pid, (other) => slots.get(other)?.state !== undefined);
        const slot = slots.get(pid);
        if (slot !== undefined) {
          if (slot.startedAt > at || slot.state === 'queued' || slot.state === 'cooling') return 'asked';
          if (slot.state === 'reading') {
            slots.set(pid, { ...slot, again: wanted });
            return 'asked';
          }
        }
        if (queue.length + slots.size >= waiting && !makeRoom()) return 'refused';
        const pause = slot === undefined ? 0 : slot.readyAt - scheduler.now();
        if (pause > 0) {
          slots.set(pid, { ...blank(slot), state: 'cooling' });
          later(pause, () => enqueue({ ...wanted, pid }));
        } else enqueue({ ...wanted, pid });
        return 'asked';
      };

      const enqueue = (wanted: Request): void => {
        slots.set(wanted.pid, { ...blank(slots.get(wanted.pid)), state: 'queued' });
        queue.push(wanted);
        if (draining) return;
        draining = true;
        later(0, drain);
      };

      const later = (delay: number, work: () => void): void => {
        const action: Subscription = scheduler.schedule(() => {
          running.remove(action);
          work();
        }, delay);
        running.add(action);
      };

      /** A few readings, then the event loop runs: a blocked reader of the probes loses events. */
      const drain = (): void => {
        for (let turn = 0; turn < READS_PER_TURN && inFlight < concurrency; turn++) {
          const next = queue.shift();
          if (next === undefined) break;
          start(next);
        }
        draining = queue.length > 0 && inFlight < concurrency;
        if (draining) later(0, drain);
        finishIfDone();
      };

      const start = (wanted: Request): void => {
        const startedAt = clock();
        inFlight += 1;
        slots.set(wanted.pid, { state: 'reading', startedAt, readyAt: scheduler.now() + window, again: undefined });
        let evidence: Evidence | undefined;
        running.add(
          read(wanted.pid).subscribe({
            next: (value) => {
              evidence = value;
            },
            error: (reason: unknown) => subscriber.error(reason),
            complete: () => finish(wanted, startedAt, evidence),
          }),
        );
      };

      const finish = (wanted: Request, startedAt: bigint, evidence: Evidence | undefined): void => {
        inFlight -= 1;
        const slot = slots.get(wanted.pid);
        slots.set(wanted.pid, { ...blank(slot), state: undefined });
        if (evidence !== undefined) subscriber.next({ kind: 'snapshot', pid: wanted.pid, startedAt, evidence });
        if (evidence === undefined || hasGone(evidence)) askKin(wanted);
        if (slot?.again !== undefined) request(slot.again, startedAt);
        if (!draining && queue.length > 0) {
          draining = true;
          later(0, drain);
        }
        finishIfDone();
      };

      const askKin = (wanted: Request): void => {
        const tried = [...wanted.tried, wanted.pid];
        const other = kin.other(wanted.context, tried);
        if (other !== undefined) request({ pid: other, context: wanted.context, tried }, clock());
      };

      /** Forgets who was read long enough ago. True: there is room again. */
      const makeRoom = (): boolean => {
        const now = scheduler.now();
        for (const [pid, slot] of slots) if (slot.state === undefined && slot.readyAt <= now) slots.delete(pid);
        return queue.length + slots.size < waiting;
      };

      const finishIfDone = (): void => {
        if (!ended || inFlight > 0 || queue.length > 0) return;
        for (const { state } of slots.values()) if (state !== undefined) return;
        subscriber.complete();
      };

      running.add(
        events.subscribe({
          next: (event) => {
            kin.learn(event);
            const target = targetOf(event, resolve);
            const snapshot = target === undefined ? 'none' : request({ ...target, tried: [] }, event.at);
            subscriber.next({ kind: 'event', event, target: target?.pid, snapshot });
            if (slots.size > FORGET_AT) makeRoom();
          },
          error: (reason: unknown) => subscriber.error(reason),
          complete: () => {
            ended = true;
            finishIfDone();
          },
        }),
      );
      return running;
    });

interface Slot {
  /** queued: waits its turn; cooling: was read lately, waits for its window; undefined: nothing to do. */
  readonly state: 'queued' | 'cooling' | 'reading' | undefined;
  /** Boot clock of the newest reading's start. */
  readonly startedAt: bigint;
  /** Scheduler time from which it may be read again. */
  readonly readyAt: number;
  /** Asked for while it was being read. */
  readonly again: Request | undefined;
}

const blank = (slot: Slot | undefined): Slot => ({
  state: undefined,
  startedAt: slot?.startedAt ?? 0n,
  readyAt: slot?.readyAt ?? 0,
  again: undefined,
});

const READS_PER_TURN = 16;
const FORGET_AT = 4096;

/** The process ended before it could be read. */
const hasGone = (evidence: Evidence): boolean =>
  evidence.vmas === undefined && evidence.unread.some(({ why }) => why === 'gone');
