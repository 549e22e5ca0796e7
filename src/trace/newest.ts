import { setTimeout as sleep } from 'node:timers/promises';
import { filter, firstValueFrom, type Observable } from 'rxjs';
import type { Observation } from '../pipeline/observation.js';
import type { RecordedFrame } from './recorded.js';

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
