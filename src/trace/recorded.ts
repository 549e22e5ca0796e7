import { defer, map, type OperatorFunction, tap } from 'rxjs';
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
