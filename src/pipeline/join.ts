import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { Event } from '../model/event.js';
import { kinship } from './kinship.js';
import type { BootClock, Happening, PidResolver, Reader, Snapshot } from './observation.js';
import type { ReadingRules, Request } from './reading-slot.js';
import { readings } from './readings.js';
import { targetOf } from './target.js';

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
      const ask = (wanted: Request, at: bigint): boolean =>
        reader.request({ ...wanted, pid: kin.leader(wanted.context, wanted.pid, reader.isBusy) }, at);

      const snapshotFor = (wanted: Request | undefined, at: bigint): Happening['snapshot'] => {
        if (wanted === undefined) return 'none';
        return ask(wanted, at) ? 'asked' : 'refused';
      };

      const listening = events.subscribe({
        next: (event) => {
          kin.learn(event);
          if (event.kind === 'exit' && event.wholeProcess) reader.end(event.tgid);
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
