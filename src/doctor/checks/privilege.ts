import { effectiveCapabilities, mayTrace } from '../../bpftrace/host.js';
import { printable } from '../../text/escape.js';
import { type Check, fail, ok, warn } from '../check.js';
import type { Machine } from '../machine.js';

/** include/uapi/linux/capability.h */
const CAPABILITIES = [
  [2n, 'CAP_DAC_READ_SEARCH'],
  [19n, 'CAP_SYS_PTRACE'],
  [21n, 'CAP_SYS_ADMIN'],
  [38n, 'CAP_PERFMON'],
  [39n, 'CAP_BPF'],
] as const;

const AS_ROOT = 'run it as root: sudo vdsowatch ...';

/** Who we are, and what of root's power is there: uid, CapEff of /proc/self/status, the user namespace. */
export const privilegeChecks = (machine: Machine): readonly Check[] => {
  const { uid } = machine;
  const status = machine.read('/proc/self/status') ?? '';
  const effective = effectiveCapabilities(status);
  const last = lastCapability(machine);
  const missing =
    effective === undefined ? [] : CAPABILITIES.filter(([bit]) => bit <= last && ((effective >> bit) & 1n) === 0n);
  const names = missing.map(([, name]) => name).join(', ');
  const identity =
    uid === 0
      ? ok('user', 'user', 'root')
      : fail('user', 'user', `uid ${uid ?? 'unknown'}: own processes only, page frames hidden, no tracing`, AS_ROOT);
  const capabilities =
    missing.length === 0
      ? ok(
          'capabilities',
          'capabilities',
          effective === undefined ? 'not told by /proc/self/status' : 'all that are needed',
        )
      : uid === 0
        ? lacking(mayTrace(status) === false, names)
        : warn('capabilities', 'capabilities', `without ${names}`, AS_ROOT);
  return [identity, capabilities, userNamespace(machine)];
};

/** The highest that this kernel knows: CAP_PERFMON and CAP_BPF are there since 5.8, and 4.19 ends before them. */
const lastCapability = (machine: Machine): bigint => {
  const told = machine.read('/proc/sys/kernel/cap_last_cap')?.trim() ?? '';
  return /^\d{1,3}$/.test(told) ? BigInt(told) : 63n;
};

/** Some keep the probes from being attached, the others only keep processes or page frames from being read. */
const lacking = (forbidsTracing: boolean, names: string): Check => {
  const mend = 'run it outside the container, or give it these';
  return forbidsTracing
    ? fail('capabilities', 'capabilities', `root without ${names}`, mend)
    : warn('capabilities', 'capabilities', `root without ${names}: not every process can be read whole`, mend);
};

/** The initial one maps all ids to themselves; page frames are shown only there (pagemap_read, fs/proc/task_mmu.c). */
const userNamespace = (machine: Machine): Check => {
  const map = machine.read('/proc/self/uid_map')?.trim().split(/\s+/);
  if (map === undefined || map.join(' ') === '0 0 4294967295')
    return ok('user-namespace', 'user namespace', 'the initial one');
  return warn(
    'user-namespace',
    'user namespace',
    `one of its own (uid_map ${printable(map.slice(0, 3).join(' '))}): page frames are hidden, even from its root`,
    'run it on the host',
  );
};
