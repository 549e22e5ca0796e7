import { type Failure, type Outcome, success } from '../model/failure.js';
import { type Composition, composeCompat, composeMain, knowsLastExit, knowsVdsoPointer } from './compose.js';
import { type Bpftrace, findBpftrace, hasOneRing } from './find.js';
import { readHost, readOnline } from './host.js';
import type { Decoding } from './record.js';
import { deafness } from './rings.js';
import { readScripts } from './script.js';
import { canBind, type Started, startBpftrace, stopBpftrace } from './start.js';

/**
 * All that is decided before anything runs. The host it was decided for is not kept: with its kernel's BTF it would be
 * 7 MB for as long as the program runs.
 */
export interface Plan {
  readonly bpftrace: Bpftrace;
  readonly main: Composition;
  /** What to run instead of a script that was refused for this reason: `main` without queues and marks, or nothing. */
  readonly instead: (refused: Composition, why: Failure) => Composition | undefined;
  /** undefined: 32-bit calls cannot be seen on this host. */
  readonly compat: Composition | undefined;
  readonly decoding: Decoding;
  /** Of which CPUs nothing will be heard, and the mend (rings.ts); undefined: of none. */
  readonly deaf: string | undefined;
}

/** A plan on its way. */
export interface Planning {
  readonly plan: Promise<Outcome<Plan>>;
  /** The bpftrace that was started ahead with the plan's `main`; it is had once. */
  readonly take: () => Started | undefined;
  /** Nobody wants it any more: neither a bpftrace that hangs when asked for its version nor one that runs is left. */
  readonly stop: () => void;
}

/**
 * Begins to plan at once, and starts what was planned: attaching takes a second or two, in which the rest of the
 * program is loaded. `starting` false: it only plans.
 */
export const planAhead = (chosen?: string, { starting = true } = {}): Planning => {
  const stopped = new AbortController();
  let started: Started | undefined;
  const plan = makePlan(chosen, stopped.signal).then((made) => {
    if (starting && made.ok && !stopped.signal.aborted)
      started = startBpftrace(made.value.bpftrace, made.value.main.text);
    return made;
  });
  const take = (): Started | undefined => {
    const taken = started;
    started = undefined;
    return taken;
  };
  const stop = (): void => {
    stopped.abort();
    const left = take();
    if (left !== undefined) stopBpftrace(left);
  };
  return { plan, take, stop };
};

/** Looks at bpftrace and at this host. `chosen`: the path of a bpftrace, see findBpftrace. */
export const makePlan = async (chosen?: string, stopped?: AbortSignal): Promise<Outcome<Plan>> => {
  const asked = findBpftrace(chosen, process.env, stopped);
  // Looked at while bpftrace tells its version.
  const host = readHost();
  canBind();
  const bpftrace = await asked;
  if (!bpftrace.ok) return bpftrace;
  if (!host.ok) return host;
  const scripts = readScripts();
  if (!scripts.ok) return scripts;
  const rings = !hasOneRing(bpftrace.value);
  const deaf = rings ? deafness(readOnline()) : undefined;
  const withDeaf = (composed: Composition): Composition =>
    deaf === undefined ? composed : { ...composed, notes: [...composed.notes, deaf] };
  const main = withDeaf(composeMain(host.value, scripts.value, { rings }));
  const canBePlainer = host.value.queues !== undefined || rings;
  return success({
    bpftrace: bpftrace.value,
    main,
    instead: (refused, { kind }) => {
      if (kind !== 'probe-rejected' || refused !== main || !canBePlainer) return undefined;
      const again = readHost();
      return again.ok ? withDeaf(composeMain(again.value, scripts.value, { queued: false })) : undefined;
    },
    compat: composeCompat(host.value, scripts.value, { rings }),
    decoding: {
      arch: host.value.arch,
      knowsVdso: knowsVdsoPointer(host.value),
      knowsLastExit: knowsLastExit(host.value),
    },
    deaf,
  });
};
