import { filter, firstValueFrom, map } from 'rxjs';
import type { Bpftrace } from '../../bpftrace/find.js';
import type { Plan } from '../../bpftrace/plan.js';
import { session } from '../../bpftrace/session.js';
import type { Failure, Outcome } from '../../model/failure.js';
import { localBootClock } from '../../proc/clock.js';
import { printable } from '../../text/escape.js';
import { type Check, fail, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';
import { installCommand } from '../packages.js';

const NEWEST_TESTED = { major: 0, minor: 27 };

/** Whether there is a bpftrace that will do. */
export const bpftraceCheck = (machine: Machine, found: Outcome<Bpftrace>): Check => {
  if (!found.ok) {
    const { kind, text, mend } = found.failure;
    const install = kind === 'no-bpftrace' && text.endsWith('not found') ? installCommand(machine) : undefined;
    return fail('bpftrace', 'bpftrace', `${text}: /proc is polled instead`, install ?? mend);
  }
  const { version, path, major, minor } = found.value;
  const text = `${printable(version)} at ${printable(Buffer.from(path).toString('latin1'))}`;
  const isNewer = major > NEWEST_TESTED.major || (major === NEWEST_TESTED.major && minor > NEWEST_TESTED.minor);
  return isNewer
    ? warn('bpftrace', 'bpftrace', `${text}: newer than the tested ones, up to 0.27`, null)
    : ok('bpftrace', 'bpftrace', text);
};

/** Undefined: all probes are attached. */
export type StartTest = (plan: Plan) => Promise<Failure | undefined>;

/** Runs the very script that `watch` runs until its first heartbeat, then stops it. */
const startOnce: StartTest = async (plan) => {
  const failure = await attachOnce(plan, plan.main.text);
  const instead = failure && plan.instead(plan.main, failure);
  return instead === undefined ? failure : attachOnce(plan, instead.text);
};

const attachOnce = ({ bpftrace, decoding }: Plan, script: string): Promise<Failure | undefined> =>
  firstValueFrom(
    session({ bpftrace, script, decoding, clock: localBootClock().now }).pipe(
      filter(({ kind }) => kind === 'ready' || kind === 'ended'),
      map((happening) => (happening.kind === 'ended' ? happening.failure : undefined)),
    ),
  );

/** Attaches the probes for a moment. */
export const startCheck = async (plan: Plan, start: StartTest = startOnce): Promise<Check> => {
  const begun = performance.now();
  const failure = await start(plan);
  const took = `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  if (failure !== undefined) return fail('bpftrace-start', 'bpftrace start', failure.text, failure.mend);
  const attached = `attached ${plan.main.points.length} probes in ${took}`;
  return plan.deaf === undefined
    ? ok('bpftrace-start', 'bpftrace start', attached)
    : warn('bpftrace-start', 'bpftrace start', `${attached}; ${plan.deaf}`, null);
};
