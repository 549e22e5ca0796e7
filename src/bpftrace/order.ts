import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';

/**
 * Puts events in the order of their own clock: each is held back for `windowMs` after its arrival, and none goes out
 * before one that is held and older. So an event that comes up to `windowMs` late still gets its place; one that
 * comes later than that goes out late, and is never dropped. Equal times keep their order of arrival. Nothing is held
 * longer than a window and a quarter, whatever its clock says; at the end all that is held goes out at once.
 */
export const order =
  <T extends { readonly at: bigint }>(
    windowMs: number,
    scheduler: SchedulerLike = asyncScheduler,
  ): OperatorFunction<T, T> =>
  (source) =>
    new Observable((subscriber) => {
      // Oldest first by the events' clock.
      let held: Held<T>[] = [];
      let timer: Subscription | undefined;

      const release = (): void => {
        timer = undefined;
        const now = scheduler.now();
        const due = lastDue(held, now) + 1;
        const out = held.slice(0, due);
        held = held.slice(due);
        const next = held.reduce((soonest, { until }) => Math.min(soonest, until), Number.POSITIVE_INFINITY);
        if (held.length > 0) wait(Math.max(next - now, windowMs / 4));
        for (const { event } of out) subscriber.next(event);
      };
      const wait = (ms: number): void => {
        timer = scheduler.schedule(release, ms);
      };

      const listening = source.subscribe({
        next: (event) => {
          const late = { event, until: scheduler.now() + windowMs };
          let place = held.length;
          while (place > 0 && (held[place - 1]?.event.at ?? event.at) > event.at) place -= 1;
          if (place === held.length) held.push(late);
          else held.splice(place, 0, late);
          if (timer === undefined) wait(windowMs);
        },
        error: (reason: unknown) => subscriber.error(reason),
        complete: () => {
          for (const { event } of held) subscriber.next(event);
          held = [];
          subscriber.complete();
        },
      });
      return () => {
        listening.unsubscribe();
        timer?.unsubscribe();
      };
    });

interface Held<T> {
  readonly event: T;
  /** Scheduler time at which it goes out at the latest. */
  readonly until: number;
}

const lastDue = (held: readonly Held<unknown>[], now: number): number => {
  let index = held.length - 1;
  while (index >= 0 && (held[index]?.until ?? 0) > now) index -= 1;
  return index;
};
