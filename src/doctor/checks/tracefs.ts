import { TRACEFS } from '../../bpftrace/host.js';
import { type Check, fail, ok } from '../check.js';
import type { Machine } from '../machine.js';

export const MOUNT_TRACEFS = ['mount', '-t', 'tracefs', 'tracefs', '/sys/kernel/tracing'] as const;

/** Where tracefs is mounted; undefined: nowhere, or not for us. */
export const tracefsPlace = (machine: Machine): string | undefined =>
  TRACEFS.find((place) => machine.exists(`${place}/events`));

export const tracefsCheck = (machine: Machine): Check => {
  const place = tracefsPlace(machine);
  if (place !== undefined) return ok('tracefs', 'tracefs', `at ${place}`);
  return fail(
    'tracefs',
    'tracefs',
    machine.uid === 0 ? 'not mounted' : 'not mounted, or not readable without root',
    machine.uid === 0 ? MOUNT_TRACEFS.join(' ') : 'run it as root',
  );
};
