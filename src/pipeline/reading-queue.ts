import type { Subscription } from 'rxjs';

/** Does something after so many ms, unless everything is stopped before. */
export type Later = (delay: number, work: () => void) => Subscription;

/** Who is to be read as soon as there is room, in the order in which they came. */
export interface ReadingQueue {
  readonly add: (pid: number) => void;
  /** A reading that was begun has ended. */
  readonly done: () => void;
}

/** `concurrency`: readings at the same time; `begin`: begins one, false: it is not wanted any more. */
export const readingQueue = (concurrency: number, later: Later, begin: (pid: number) => boolean): ReadingQueue => {
  const queue: number[] = [];
  let inFlight = 0;
  let draining = false;

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
      // Counted first: it may end at once.
      inFlight += 1;
      if (!begin(pid)) inFlight -= 1;
    }
    draining = false;
    if (inFlight < concurrency) wake();
  };

  return {
    add: (pid) => {
      queue.push(pid);
      wake();
    },
    done: () => {
      inFlight -= 1;
      wake();
    },
  };
};

const READS_PER_TURN = 16;
