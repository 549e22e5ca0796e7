import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';

/**
 * Gathers what comes in bursts: the first after a quiet time goes out at once, what follows within `ms` goes out
 * together. So one event is on the screen without delay, and a hundred thousand cost ten frames a second. On
 * completion the rest goes out. Frames are never empty.
 */
export const frames =
  <T>(ms: number, scheduler: SchedulerLike = asyncScheduler): OperatorFunction<T, readonly T[]> =>
  (source) =>
    new Observable((subscriber) => {
      let waiting: T[] = [];
      let timer: Subscription | undefined;
      let quietUntil = Number.NEGATIVE_INFINITY;
      const send = (): void => {
        timer = undefined;
        const frame = waiting;
        waiting = [];
        quietUntil = scheduler.now() + ms;
        subscriber.next(frame);
      };
      const incoming = source.subscribe({
        next: (value) => {
          waiting.push(value);
          // Even the first waits for the end of this turn: what one read of a pipe brings belongs together.
          if (timer === undefined) timer = scheduler.schedule(send, Math.max(0, quietUntil - scheduler.now()));
        },
        error: (reason: unknown) => subscriber.error(reason),
        complete: () => {
          timer?.unsubscribe();
          if (waiting.length > 0) send();
          subscriber.complete();
        },
      });
      return () => {
        incoming.unsubscribe();
        timer?.unsubscribe();
      };
    });
