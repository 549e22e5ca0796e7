import { concat, from, Observable, of, type Subscription, switchMap } from 'rxjs';
import type { Event, StatusEvent, TracerStatus } from '../model/event.js';
import type { Failure, Outcome } from '../model/failure.js';
import { localBootClock } from '../proc/clock.js';
import { watchCompat } from './compat.js';
import type { Composition } from './compose.js';
import { hasOneRing } from './find.js';
import { type Kept, keepRunning } from './keep.js';
import { order } from './order.js';
import { type Plan, type Planning, planAhead } from './plan.js';
import { session } from './session.js';

/** Everything has a default; tests and `doctor` set more of it than users do. */
export interface TracerOptions {
  /** Path of the bpftrace to run; default: $VDSOWATCH_BPFTRACE, then the first on $PATH. */
  readonly bpftrace?: string;
  /** A plan that is made already, or on its way. */
  readonly planning?: Planning;
  /** Size of the kernel's buffer for records, in pages of memory; default: 16 MiB. */
  readonly ringPages?: number;
}

/**
 * What the kernel does to vDSO mappings, system-wide, in the order of its time stamps, for as long as somebody is
 * subscribed; cold: each subscription runs its own bpftrace, and unsubscribing stops it.
 *
 * It never errors. Its own state comes as `status` events: 'starting'; then 'ebpf' once probes are attached (take the
 * first sweep then: nothing after it is missed); 'polling' with the reason when there is no bpftrace or it cannot
 * attach (then it completes) or while a dead one waits for its restart. After every outage and every loss a `gap`
 * event says that all state is to be read afresh.
 */
export const traceEvents = (options: TracerOptions = {}): Observable<Event> => {
  const clock = localBootClock().now;
  return concat(
    of(statusEvent(clock(), { mode: 'starting', text: 'starting bpftrace', notes: [] })),
    planned(() => options.planning ?? planAhead(options.bpftrace, { starting: false })).pipe(
      switchMap((plan: Outcome<Plan>) =>
        plan.ok ? trace(plan.value, clock, options) : of(statusEvent(clock(), pollingBecause(plan.failure))),
      ),
    ),
  );
};

const planned = (begin: () => Planning): Observable<Outcome<Plan>> =>
  new Observable((subscriber) => {
    const { plan, stop } = begin();
    const asked = from(plan).subscribe(subscriber);
    return () => {
      asked.unsubscribe();
      stop();
    };
  });

const trace = (plan: Plan, clock: () => bigint, options: TracerOptions): Observable<Event> =>
  new Observable<Event>((subscriber) => {
    const { version } = plan.bpftrace;
    /** Whose system calls are our own doing, and not news. */
    const own = new Set([process.pid]);
    let status: TracerStatus = { mode: 'starting', text: '', notes: [] };
    let script = plan.main;
    const say = (at: bigint, next: TracerStatus): void => {
      status = next;
      subscriber.next(statusEvent(at, next));
    };
    const ready = (): string => readyText(version, script, compat.isOn() ? plan.compat : undefined);
    const note = (text: string): void => subscriber.next(statusEvent(clock(), { ...status, notes: [text] }));
    const pass = (event: Event): void => {
      if (isOwnNoise(event, own)) return;
      subscriber.next(event);
      compat.see(event);
    };

    const common = (kept: Kept): void => {
      switch (kept.kind) {
        case 'started':
          own.add(kept.pid);
          return;
        case 'event':
          pass(kept.event);
          return;
        case 'lost':
          subscriber.next({ kind: 'gap', cause: 'lost', ...kept.loss });
          return;
        case 'lag':
          if (kept.ns > 0n) note(`events come ${kept.ns / 1_000_000_000n} s late: this machine is overloaded`);
          return;
        case 'garbage':
          note(`records of bpftrace that made no sense and were ignored: ${kept.count}`);
          return;
      }
    };

    const onMain = (kept: Kept): void => {
      switch (kept.kind) {
        case 'ready': {
          if (kept.outage !== undefined) {
            const { from, stuck } = kept.outage;
            subscriber.next({ kind: 'gap', at: kept.at, from, cause: stuck ? 'stuck' : 'restarted', lost: undefined });
          }
          say(kept.at, { mode: 'ebpf', text: ready(), notes: script.notes });
          compat.look(kept.at);
          return;
        }
        case 'beat':
          subscriber.next({ ...kept, kind: 'heartbeat' });
          return;
        case 'waiting':
          say(clock(), pollingBecause(kept.failure, kept.ms));
          return;
        case 'gave-up': {
          // Its loop is the part that another verifier or bpftrace may refuse; without its marks, loss is told later.
          const instead = plan.instead(script, kept.failure);
          if (instead !== undefined) {
            script = instead;
            run();
            return;
          }
          say(clock(), pollingBecause(kept.failure));
          subscriber.complete();
          return;
        }
        default:
          common(kept);
      }
    };

    const compat = watchCompat(plan, clock, {
      kept: common,
      gap: (gap) => subscriber.next(gap),
      changed: (at, notes) => {
        if (status.mode === 'ebpf') say(at, { mode: 'ebpf', text: ready(), notes });
      },
    });
    let running: Subscription | undefined;
    const run = (): void => {
      const { bpftrace, decoding } = plan;
      const { ringPages } = options;
      running = keepRunning(
        () => session({ bpftrace, script: script.text, decoding, clock, ringPages, started: options.planning?.take() }),
        clock,
      ).subscribe(onMain);
    };
    run();
    return () => {
      running?.unsubscribe();
      compat.stop();
    };
  }).pipe(order(hasOneRing(plan.bpftrace) ? ONE_RING_MS : RINGS_MS));

/**
 * How long an event waits for older ones from other CPUs: a record may spend 10 ms in its queue (probes/task-queue.bt),
 * and where each CPU has a ring of its own the rings are read in turn.
 */
const ONE_RING_MS = 20;
const RINGS_MS = 45;

/** Forks, execs and exits of our own stay: the state needs the life of every process. */
const isOwnNoise = (event: Event, own: ReadonlySet<number>): boolean =>
  (event.kind === 'call' || event.kind === 'poke' || event.kind === 'namespace' || event.kind === 'prctl') &&
  own.has(event.tgid);

const readyText = (version: string, main: Composition, compat: Composition | undefined): string => {
  const probes = main.points.length + (compat?.points.length ?? 0);
  return `bpftrace ${version}, ${probes} probes${compat === undefined ? '' : ', 32-bit calls too'}`;
};

const pollingBecause = ({ text, mend }: Failure, retryMs?: number): TracerStatus => ({
  mode: 'polling',
  text: `polling: ${text}${retryMs === undefined ? '' : `; next try in ${retryMs / 1000} s`}`,
  notes: mend === null ? [] : [mend],
});

const statusEvent = (at: bigint, status: TracerStatus): StatusEvent => ({ kind: 'status', at, status });
