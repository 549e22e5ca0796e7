import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { Event } from '../model/event.js';
import { kinship } from './kinship.js';
import type { BootClock, Happening, Reader, Snapshot } from './observation.js';
import type { ReadingRules, Request } from './reading-slot.js';
import { readings } from './readings.js';
import { type PidResolver, targetOf } from './target.js';

export interface JoinOptions extends Partial<ReadingRules> {
  readonly read: Reader;
  readonly clock: BootClock;
  readonly resolve: PidResolver;
  readonly scheduler?: SchedulerLike;
}

/**
 * Gives every event a snapshot of the address space it is about. The event itself goes on at once and always; the
 * snapshot follows, begun after the event happened. A storm on one address space costs one reading per window, and a
 * reading that began after an event happened serves that event too. A process that has only just come waits a little,
 * and is not read when it has ended by then. When the process has gone and others share its address space, one of those
 * is read.
 */
export const join =
  ({
    read,
    clock,
    resolve,
    window = 100,
    rest = 20,
    newborn = 50,
    concurrency = 4,
    waiting = 20_000,
    scheduler = asyncScheduler,
  }: JoinOptions): OperatorFunction<Event, Happening | Snapshot> =>
  (events) =>
    new Observable((subscriber) => {
      const kin = kinship();
      /** Through whom something was asked for, until it leaves: that it shares its address space may be told late. */
      const trusted = new Map<number, Request>();
      let ended = false;
      const completeWhenIdle = (): void => {
        if (ended && reader.isIdle()) subscriber.complete();
      };
      const reader = readings(
        { read, clock, scheduler },
        { window, rest, newborn, concurrency, waiting },
        {
          next: (snapshot) => subscriber.next(snapshot),
          gone: (wanted) => {
            const other = kin.other(wanted.context, wanted.tried);
            if (other !== undefined) ask({ ...wanted, pid: other }, clock());
          },
          idle: completeWhenIdle,
          error: (reason) => subscriber.error(reason),
        },
      );
      /** Of several processes in one address space the one that is about to be read will do. */
      const ask = (wanted: Request, at: bigint): boolean => {
        const pid = kin.leader(wanted.context, wanted.pid, reader.isBusy);
        if (wanted.thorough && wanted.context !== undefined) {
          if (trusted.size >= MOST_TRUSTED) trusted.clear();
          trusted.set(pid, wanted);
        }
        return reader.request({ ...wanted, pid }, at);
      };

      /**
       * Who was to be read for all has left them: its reading shows another image, or a zombie, unless it came before
       * that. So one of those who stay is read.
       */
      const readOther = (pid: number, left: string | undefined): void => {
        const wanted = trusted.get(pid);
        trusted.delete(pid);
        if (wanted === undefined || left === undefined || wanted.context !== left) return;
        const other = kin.other(left, [pid]);
        if (other !== undefined) ask({ ...wanted, pid: other, tried: [] }, clock());
      };

      const snapshotFor = (wanted: Request | undefined, at: bigint): Happening['snapshot'] => {
        if (wanted === undefined) return 'none';
        return ask(wanted, at) ? 'asked' : 'refused';
      };

      const listening = events.subscribe({
        next: (event) => {
          const left = kin.learn(event);
          const ends = event.kind === 'exit' && event.wholeProcess;
          if (ends) reader.end(event.tgid);
          if (ends || event.kind === 'exec') readOther(event.tgid, left);
          const target = targetOf(event, resolve);
          const snapshot = snapshotFor(target && { ...target, tried: [] }, event.at);
          subscriber.next({ kind: 'event', event, target: target?.pid, snapshot });
        },
        error: (reason: unknown) => subscriber.error(reason),
        complete: () => {
          ended = true;
          completeWhenIdle();
        },
      });
      return () => {
        listening.unsubscribe();
        reader.stop();
      };
    });

/** Exits that were lost leave some behind. */
const MOST_TRUSTED = 1024;
