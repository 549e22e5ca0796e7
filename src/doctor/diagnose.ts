import { release, machine as unameMachine } from 'node:os';
import { erasHere, testAllAbis } from '../hint/examine.js';
import type { MremapTest } from '../hint/mremap-test.js';
import type { ProcFiles } from '../proc/files.js';
import type { LocalHost } from '../proc/host.js';
import type { Check } from './check.js';
import { bpftraceCheck, findBpftrace, startCheck } from './checks/bpftrace.js';
import { criuChecks, findCriu } from './checks/criu.js';
import { hintChecks } from './checks/hint.js';
import { kernelCheck, lockdownCheck } from './checks/kernel.js';
import { privilegeChecks } from './checks/privilege.js';
import { procChecks } from './checks/proc.js';
import { surroundingChecks } from './checks/surroundings.js';
import { tracefsCheck } from './checks/tracefs.js';
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
  const bpftrace = await findBpftrace(machine);
  const version = bpftraceCheck(machine, bpftrace);
  const start = bpftrace !== undefined && version.status !== 'fail' ? [await startCheck(machine, bpftrace)] : [];
  const checks: readonly Check[] = [
    ...privilegeChecks(machine),
    kernelCheck(local.host.release ?? release(), local.host.machine ?? unameMachine()),
    lockdownCheck(machine),
    ...procChecks(local, machine.uid === 0),
    tracefsCheck(machine),
    version,
    ...start,
    ...hintChecks(tests),
    ...criuChecks(machine, await findCriu(machine), erasHere(files, local, tests)),
    ...surroundingChecks(machine),
  ];
  return { checks, tests, liveTracing: checks.every(({ status }) => status !== 'fail') };
};
