import { type Outcome, success } from '../model/failure.js';
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
  /** What to run when the kernel or this bpftrace refuses `main`; undefined: there is nothing plainer. */
  readonly plain: Composition | undefined;
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
  return success({
    bpftrace: bpftrace.value,
    host: host.value,
    main: composeMain(host.value, scripts.value, { rings }),
    plain:
      host.value.queues === undefined && !rings ? undefined : composeMain(host.value, scripts.value, { queued: false }),
    compat: composeCompat(host.value, scripts.value, { rings }),
    decoding: {
      arch: host.value.arch,
      knowsVdso: knowsVdsoPointer(host.value),
      knowsLastExit: knowsLastExit(host.value),
    },
  });
};
