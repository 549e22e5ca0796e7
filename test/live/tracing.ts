import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { firstValueFrom, ReplaySubject, type Subscription } from 'rxjs';
import { filter, tap, timeout } from 'rxjs/operators';
import { type TracerOptions, traceEvents } from '../../src/bpftrace/tracer.js';
import type { Event, HeartbeatEvent } from '../../src/model/event.js';
import { localBootClock } from '../../src/proc/clock.js';
import { untilSettled } from '../bpftrace/until-settled.js';
import { onPath, testRoots } from './needs.js';

/** Every bpftrace of this machine that the tests know: Debian 12's, and those of newer suites. */
export const bpftraces = (): readonly string[] => {
  const newer = ['bpftrace-0.23', 'bpftrace-0.27'].map((name) => join(testRoots, 'bin', name)).filter(existsSync);
  const installed = onPath('bpftrace');
  return installed === undefined ? newer : [installed, ...newer];
};

export interface Tracing {
  /** All events so far. */
  readonly events: readonly Event[];
  /** Waits until everything that the kernel has recorded by now is in `events`. */
  readonly settle: () => Promise<void>;
  /** Waits for an event, one that is there already included. */
  readonly until: <T extends Event>(wanted: (event: Event) => event is T) => Promise<T>;
  readonly stop: () => Promise<void>;
}

/** Starts tracing and waits until probes are attached. */
export const startTracing = async (options: TracerOptions): Promise<Tracing> => {
  const seen: Event[] = [];
  const stream = new ReplaySubject<Event>();
  const running: Subscription = traceEvents(options)
    .pipe(tap((event) => seen.push(event)))
    .subscribe(stream);
  const status = await untilSettled(stream);
  if (status.mode !== 'ebpf') {
    // It would go on trying, and keep the tests from ending.
    running.unsubscribe();
    throw new Error(`not tracing: ${status.text} ${status.notes.join(' ')}`);
  }
  const first = <T extends Event>(what: string, wanted: (event: Event) => event is T): Promise<T> =>
    firstValueFrom(
      stream.pipe(
        filter(wanted),
        timeout({
          first: PATIENCE_MS,
          with: () => {
            throw new Error(`no ${what} in ${PATIENCE_MS} ms; ${seen.length} events so far, ${lastStatus(seen)}`);
          },
        }),
      ),
    );
  return {
    events: seen,
    settle: async () => {
      let asked = localBootClock().now();
      // With a ring per CPU a heartbeat may come before older records of another one, which the counts tell.
      for (let tries = 0; tries < 5; tries++) {
        const since = asked;
        const beat = await first(
          'heartbeat',
          (event): event is HeartbeatEvent => event.kind === 'heartbeat' && event.at > since,
        );
        if (beat.emitted <= beat.received + lost(seen)) return;
        asked = beat.at;
      }
    },
    until: (wanted) => first('event as awaited', wanted),
    stop: async () => {
      const pids = ownBpftraces();
      running.unsubscribe();
      await untilGone(pids);
    },
  };
};

/** A loaded machine takes long; one that takes longer than this hangs. */
const PATIENCE_MS = 120_000;

const lastStatus = (events: readonly Event[]): string =>
  events.flatMap((event) => (event.kind === 'status' ? [event.status.text] : [])).at(-1) ?? 'no status';

/** How many were told to be lost. */
export const lost = (events: readonly Event[]): bigint =>
  events.reduce((sum, event) => (event.kind === 'gap' ? sum + (event.lost ?? 0n) : sum), 0n);

/** Tracing for the length of `act`. */
export const whileTracing = async (options: TracerOptions, act: (tracing: Tracing) => Promise<void>): Promise<void> => {
  const tracing = await startTracing(options);
  try {
    await act(tracing);
  } finally {
    await tracing.stop();
  }
};

/** Children of this process that are a bpftrace in machine mode. */
export const ownBpftraces = (): readonly number[] => bpftracesOf(process.pid);

export const bpftracesOf = (parent: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const isBpftrace = readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('bpftrace');
        return isBpftrace && state !== 'Z' && Number(ppid) === parent;
      } catch {
        return false;
      }
    });

/** Waits until processes have gone, zombies counting as gone. */
export const untilGone = async (pids: readonly number[], limitMs = 20_000): Promise<void> => {
  for (let waited = 0; waited < limitMs; waited += 50) {
    if (!pids.some(isAlive)) return;
    await setTimeout(50);
  }
  throw new Error(`still there after ${limitMs} ms: ${pids.filter(isAlive).join(' ')}`);
};

const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
};
