import { setImmediate, setTimeout } from 'node:timers/promises';
import { NEVER, Observable } from 'rxjs';
import type { Event, TracerStatus } from '../model/event.js';
import type { Evidence } from '../model/evidence.js';
import type { BootClock, Observation } from './observation.js';

/** How the processes of a machine are listed and read; a test has its own. */
export interface ProcessSource {
  /** Pids; undefined: /proc cannot be listed. */
  readonly list: () => readonly number[] | undefined;
  readonly read: (pid: number) => Evidence;
  /** The same, but undefined where a glance shows nothing new. Of what the probes tell it may miss some. */
  readonly glance: (pid: number) => Evidence | undefined;
  readonly clock: BootClock;
}

export interface Pace {
  /** Share of one core that sweeps may cost in the long run. */
  readonly share: number;
  /** From the end of one sweep to the next, at least, ms. */
  readonly pause: number;
}

/**
 * Polling has to see what it can while it is cheap (below 5 % of a core). With probes a sweep looks only for
 * what no event shows (writes through /proc/PID/mem), and heals what went wrong.
 */
export const PACES: Readonly<Record<TracerStatus['mode'], Pace>> = {
  polling: { share: 0.04, pause: 500 },
  starting: { share: 0.04, pause: 1000 },
  ebpf: { share: 0.005, pause: 5000 },
  replay: { share: 0, pause: Number.POSITIVE_INFINITY },
};

/** So many are read as a whole within the pause, at the share with probes: 50 us each. */
const FEW = 500;
/** Of more, one in so many, another each time; at the others a glance is taken. */
export const TURNS = 4;
/** Is it the turn of this one to be read, in this sweep? */
export const isItsTurn = (pid: number, turn: number): boolean => (pid + turn) % TURNS === 0;

/** How long one slice may hold the event loop, ms. */
const SLICE = 8;

/**
 * Sweeps of all processes: the first at once, whatever the tracer does; a fresh one, at full speed, when probes have
 * become ready, after every gap and when `asked`; between these, one after the other at the pace of the mode.
 */
export const sweeps = (
  events: Observable<Event>,
  { list, read, glance, clock }: ProcessSource,
  paces = PACES,
  asked: Observable<unknown> = NEVER,
): Observable<Observation> =>
  new Observable((subscriber) => {
    let stopped = false;
    let mode: TracerStatus['mode'] = 'starting';
    let urgent = true;
    let turn = 0;
    let woken = new AbortController();
    const wake = (): void => {
      urgent = true;
      woken.abort();
    };
    const listening = events.subscribe({
      next: (event) => {
        if (event.kind === 'gap') wake();
        if (event.kind !== 'status' || event.status.mode === mode) return;
        mode = event.status.mode;
        wake();
      },
      error: (reason: unknown) => subscriber.error(reason),
    });
    listening.add(asked.subscribe(wake));
    /** Interrupted by `wake` and by the end. */
    const sleep = async (ms: number): Promise<void> => {
      const { signal } = woken;
      if (signal.aborted) return;
      if (Number.isFinite(ms)) await setTimeout(ms, undefined, { signal }).catch(ignoreAbort);
      else await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
    };
    const sweep = async (hurry: boolean): Promise<number> => {
      const at = clock();
      const pids = list() ?? [];
      subscriber.next({ kind: 'census', at, pids: new Set(pids) });
      const brief = !hurry && mode === 'ebpf' && pids.length > FEW;
      turn += 1;
      let cost = 0;
      let sliceStart = performance.now();
      for (const pid of pids) {
        const startedAt = clock();
        const evidence = brief && !isItsTurn(pid, turn) ? glance(pid) : read(pid);
        if (evidence !== undefined)
          subscriber.next({ kind: 'snapshot', pid, startedAt: evidence.takenAt ?? startedAt, evidence });
        const used = performance.now() - sliceStart;
        if (used < SLICE) continue;
        cost += used;
        if (hurry) await setImmediate();
        else await sleep(used / paces[mode].share - used);
        if (stopped || (!hurry && urgent)) return cost;
        sliceStart = performance.now();
      }
      subscriber.next({ kind: 'swept', at: clock() });
      return cost + performance.now() - sliceStart;
    };
    const sleepWhatever = async (ms: number): Promise<void> => {
      const until = performance.now() + ms;
      while (!stopped && performance.now() < until) await setTimeout(Math.min(MOST_STEP, until - performance.now()));
    };
    const run = async (): Promise<void> => {
      while (!stopped) {
        const hurry = urgent || mode === 'polling';
        urgent = false;
        woken = new AbortController();
        const cost = await sweep(hurry);
        // A storm that loses events asks for a sweep each second; sweeping all the time would lose more of them.
        if (hurry) await sleepWhatever(cost * BREATH);
        await sleep(Math.max(paces[mode].pause, mode === 'polling' ? cost / paces[mode].share - cost : 0));
      }
    };
    run().catch((reason: unknown) => subscriber.error(reason));
    return () => {
      listening.unsubscribe();
      stopped = true;
      woken.abort();
    };
  });

/** Between two sweeps at full speed, in times of what the first one cost. */
const BREATH = 2;
/** An end is noticed within this time, ms. */
const MOST_STEP = 100;

const ignoreAbort = (reason: unknown): void => {
  if (!(reason instanceof Error) || reason.name !== 'AbortError') throw reason;
};
