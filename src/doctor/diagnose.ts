import { release, machine as unameMachine } from 'node:os';
import { findBpftrace } from '../bpftrace/find.js';
import { readHost } from '../bpftrace/host.js';
import { makePlan } from '../bpftrace/plan.js';
import { readScripts } from '../bpftrace/script.js';
import { erasHere, testAllAbis } from '../hint/examine.js';
import type { MremapTest } from '../hint/mremap-test.js';
import type { ProcFiles } from '../proc/door.js';
import type { LocalHost } from '../proc/host.js';
import { type Check, fail } from './check.js';
import { bpftraceCheck, startCheck } from './checks/bpftrace.js';
import { criuChecks } from './checks/criu.js';
import { hintChecks } from './checks/hint.js';
import { kernelCheck, lockdownCheck, tracefsCheck } from './checks/kernel.js';
import { privilegeChecks } from './checks/privilege.js';
import { probeChecks } from './checks/probes.js';
import { procChecks } from './checks/proc.js';
import { surroundingChecks } from './checks/surroundings.js';
import type { Machine } from './machine.js';

export interface Diagnosis {
  readonly checks: readonly Check[];
  readonly tests: readonly MremapTest[];
  /** Nothing keeps the probes from being attached. */
  readonly liveTracing: boolean;
}

/** Looks at everything, one thing after the other. */
export const diagnose = async (machine: Machine, files: ProcFiles, local: LocalHost): Promise<Diagnosis> => {
  const tests = await testAllAbis();
  const checks: readonly Check[] = [
    ...privilegeChecks(machine),
    kernelCheck(local.host.release ?? release(), local.host.machine ?? unameMachine()),
    lockdownCheck(machine),
    ...procChecks(local, machine.uid === 0),
    ...(await tracingChecks(machine)),
    ...hintChecks(tests),
    ...(await criuChecks(machine, erasHere(files, local, tests))),
    ...surroundingChecks(machine),
  ];
  return { checks, tests, liveTracing: checks.every(({ status }) => status !== 'fail') };
};

const tracingChecks = async (machine: Machine): Promise<readonly Check[]> => {
  const bpftrace = await findBpftrace(undefined, machine.env);
  const host = readHost();
  const scripts = readScripts();
  const checks = [tracefsCheck(machine), bpftraceCheck(machine, bpftrace)];
  if (!scripts.ok) return [...checks, fail('probes', 'probes', scripts.failure.text, scripts.failure.mend)];
  // Without tracefs nothing is known of tracepoints, and that has been said.
  if (!host.ok) return checks;
  const probes = probeChecks(host.value, scripts.value);
  const plan = bpftrace.ok ? await makePlan(bpftrace.value.path) : undefined;
  return [...checks, ...probes, ...(plan?.ok === true ? [await startCheck(plan.value)] : [])];
};
