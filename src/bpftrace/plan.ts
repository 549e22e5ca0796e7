import { type Failure, type Outcome, success } from '../model/failure.js';
import { type Composition, composeCompat, composeMain, knowsLastExit, knowsVdsoPointer } from './compose.js';
import { type Bpftrace, findBpftrace, hasOneRing } from './find.js';
import { type Host, readHost } from './host.js';
import { readScripts } from './package.js';
import type { Decoding } from './record.js';

/** All that is decided before anything runs. */
export interface Plan {
  readonly bpftrace: Bpftrace;
  readonly host: Host;
  readonly main: Composition;
  /** What to run instead of a script that was refused, why: `main` without queues and marks; undefined: nothing. */
  readonly instead: (refused: Composition, why: Failure) => Composition | undefined;
  /** undefined: 32-bit calls cannot be seen on this host. */
  readonly compat: Composition | undefined;
  readonly decoding: Decoding;
}

/** Looks at bpftrace and at this host. `chosen`: the path of a bpftrace, see findBpftrace. */
export const makePlan = async (chosen?: string, stopped?: AbortSignal): Promise<Outcome<Plan>> => {
  // The host is read while bpftrace tells its version.
  const [bpftrace, host] = await Promise.all([
    findBpftrace(chosen, process.env, stopped),
    Promise.resolve().then(readHost),
  ]);
  if (!bpftrace.ok) return bpftrace;
  if (!host.ok) return host;
  const scripts = readScripts();
  if (!scripts.ok) return scripts;
  const rings = !hasOneRing(bpftrace.value);
  const main = composeMain(host.value, scripts.value, { rings });
  return success({
    bpftrace: bpftrace.value,
    host: host.value,
    main,
    instead: (refused, { kind }) =>
      kind === 'probe-rejected' && refused === main && (host.value.queues !== undefined || rings)
        ? composeMain(host.value, scripts.value, { queued: false })
        : undefined,
    compat: composeCompat(host.value, scripts.value, { rings }),
    decoding: {
      arch: host.value.arch,
      knowsVdso: knowsVdsoPointer(host.value),
      knowsLastExit: knowsLastExit(host.value),
    },
  });
};
