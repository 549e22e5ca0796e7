import { Observable, type Subscription } from 'rxjs';
import type { Failure, FailureKind } from '../model/failure.js';
import type { Happening } from './session.js';

/** Sessions one after the other: what each gives, and the times between them. */
export type Kept =
  | Exclude<Happening, { kind: 'ended' } | { kind: 'ready' }>
  /** `outage`: what went before the readiness; undefined the first time. */
  | { readonly kind: 'ready'; readonly at: bigint; readonly outage: Outage | undefined }
  | { readonly kind: 'waiting'; readonly failure: Failure; readonly ms: number }
  /** Nothing will change by trying again. The last. */
  | { readonly kind: 'gave-up'; readonly failure: Failure };

interface Outage {
  /** The last heartbeat, or the start of the session when there was none: from here on events are missing. */
  readonly from: bigint;
  readonly stuck: boolean;
}

/** First wait after a good run, and the longest, in ms; each failure doubles it. */
export interface BackOff {
  readonly first: number;
  readonly longest: number;
  /** A session that lasted this long was a good one. */
  readonly good: number;
}

const BACK_OFF: BackOff = { first: 500, longest: 60_000, good: 60_000 };

/**
 * Keeps a bpftrace running: starts it anew when it dies, waiting longer each time. Gives up when the first one never
 * became ready for a reason that another try would meet again.
 */
export const keepRunning = (
  start: () => Observable<Happening>,
  clock: () => bigint,
  backOff: BackOff = BACK_OFF,
): Observable<Kept> =>
  new Observable((subscriber) => {
    let wait = backOff.first;
    let everReady = false;
    let outage: Outage | undefined;
    let running: Subscription | undefined;
    let timer: NodeJS.Timeout | undefined;

    const begin = (): void => {
      const startedAt = performance.now();
      let aliveAt = clock();
      running = start().subscribe((happening) => {
        switch (happening.kind) {
          case 'ready':
            aliveAt = happening.at;
            everReady = true;
            subscriber.next({ ...happening, outage });
            outage = undefined;
            return;
          case 'ended':
            // An outage that is not over yet has begun earlier.
            outage ??= everReady ? { from: aliveAt, stuck: happening.stuck } : undefined;
            if (performance.now() - startedAt >= backOff.good) wait = backOff.first;
            again(happening.failure);
            return;
          case 'beat':
            aliveAt = happening.at;
            subscriber.next(happening);
            return;
          default:
            subscriber.next(happening);
        }
      });
      // Whoever is told of the start may have enough of it at once.
      if (subscriber.closed) running.unsubscribe();
    };

    const again = (failure: Failure): void => {
      if (!everReady && !PASSING.has(failure.kind)) {
        subscriber.next({ kind: 'gave-up', failure });
        subscriber.complete();
        return;
      }
      const ms = wait;
      wait = Math.min(wait * 2, backOff.longest);
      timer = setTimeout(begin, ms);
      subscriber.next({ kind: 'waiting', failure, ms });
    };

    begin();
    return () => {
      running?.unsubscribe();
      clearTimeout(timer);
    };
  });

/** Killed, or no reason given: it may go better next time. */
const PASSING: ReadonlySet<FailureKind> = new Set<FailureKind>(['bpftrace-died']);
