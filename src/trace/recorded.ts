import { setTimeout as sleep } from 'node:timers/promises';
import { defer, filter, firstValueFrom, map, type Observable, type OperatorFunction, tap } from 'rxjs';
import type { Frame } from '../pipeline/ledger.js';
import type { Observation } from '../pipeline/observation.js';
import { reduce, type Sources } from '../pipeline/observe.js';
import type { Recorder } from './recorder.js';

/** A frame with the clock difference that was recorded with it: what prints it, prints what a replay will. */
export interface RecordedFrame {
  readonly given: readonly Observation[];
  readonly frame: Frame;
  /** Time of day minus boot clock, ns. */
  readonly offset: bigint;
}

/** The second half of the pipeline, with everything that goes in recorded. */
export const recorded =
  (
    recorder: Pick<Recorder, 'record'>,
    offset: () => bigint,
    sources: Pick<Sources, 'judge' | 'host'>,
  ): OperatorFunction<readonly Observation[], RecordedFrame> =>
  (source) =>
    defer(() => {
      let given: readonly Observation[] = [];
      return source.pipe(
        tap((frame) => {
          given = frame;
        }),
        reduce(sources),
        map((frame) => {
          const now = offset();
          recorder.record(given, frame, now);
          return { given, frame, offset: now };
        }),
      );
    });

/** Of a recording that ends before all has come that happened in it. */
export const gapUntil = (at: bigint, from: bigint): Observation => ({
  kind: 'event',
  event: { kind: 'gap', at, from, cause: 'stuck', lost: undefined },
  target: undefined,
  snapshot: 'none',
});

/** The newest heartbeat of the probes: everything before it has come. */
export const heardIn = (given: readonly Observation[]): bigint | undefined => {
  let heard: bigint | undefined;
  for (const one of given) if (one.kind === 'event' && one.event.kind === 'heartbeat') heard = one.event.at;
  return heard;
};

/** What was done before the end is still on its way from the kernel. False: it did not come in time. */
export const newestSeen = async (
  seen: Observable<RecordedFrame>,
  at: bigint,
  failed: Promise<unknown>,
): Promise<boolean> => {
  const late = sleep(PATIENCE, 'late', { ref: false });
  return (await Promise.race([passed(seen, at), late, failed])) !== 'late';
};

/** Once everything up to that time has been seen. */
const passed = (seen: Observable<RecordedFrame>, at: bigint): Promise<unknown> =>
  firstValueFrom(seen.pipe(filter(({ given }) => (heardIn(given) ?? 0n) > at)));

const PATIENCE = 3000;
