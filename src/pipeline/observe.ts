import { defer, map, merge, type Observable, type OperatorFunction, scan } from 'rxjs';
import type { Event } from '../model/event.js';
import type { HostStatus } from '../model/state.js';
import { frames } from './frames.js';
import { type JoinOptions, join } from './join.js';
import { type Judge, judged } from './judged.js';
import { closeFrame, type Frame, openLedger } from './ledger.js';
import type { Observation } from './observation.js';
import { step } from './step.js';

export interface Sources extends JoinOptions {
  /** In the order of their time stamps: `order` (bpftrace/order.ts) has been applied by whoever makes them. */
  readonly events: Observable<Event>;
  /** What is read without an event: the census, the re-checks. */
  readonly sweeps: Observable<Observation>;
  readonly judge: Judge;
  readonly host: HostStatus;
  /** Frames a second are 1000 / this, at most. */
  readonly frameMs?: number;
}

/**
 * The pipeline. Live, replay and tests differ in where the events come from and in who reads. `chosen`: what of a frame
 * is to be known at all.
 */
export const observe = (sources: Sources, chosen: Chooser = everything): Observable<Frame> =>
  observations(sources).pipe(map(chosen), reduce(sources));

type Chooser = (frame: readonly Observation[]) => readonly Observation[];
const everything: Chooser = (frame) => frame;

/** Its first half: what is to be known, in frames. A recording holds these. */
export const observations = ({
  events,
  sweeps,
  frameMs = 20,
  ...reading
}: Omit<Sources, 'judge' | 'host'>): Observable<readonly Observation[]> =>
  defer(() => merge(events.pipe(join(reading)), sweeps).pipe(frames(frameMs, reading.scheduler)));

/** Its second half: the same frames give the same states and lines, live and in a replay. */
export const reduce =
  ({ judge, host }: Pick<Sources, 'judge' | 'host'>): OperatorFunction<readonly Observation[], Frame> =>
  (source) =>
    defer(() => source.pipe(scan(step, openLedger(host)), map(judged(judge)), map(closeFrame)));
