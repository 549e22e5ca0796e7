import { existsSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { atLeast, parseRelease } from '../judge/release.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { byStart, isVdsoNamed, isVvarNamed } from '../model/vma.js';
import { parseMaps } from '../proc/parse/maps.js';
import { type Btf, readBtf } from './btf.js';

/** What the composer asks of the machine. A test makes one up. */
export interface Host {
  /** As `process.arch` has it. */
  readonly arch: string;
  /** Field names of a tracepoint ("syscalls:sys_enter_mremap"), undefined when this kernel has no such tracepoint. */
  readonly fields: (tracepoint: string) => ReadonlySet<string> | undefined;
  readonly btf: Btf | undefined;
  /** undefined: this kernel maps no vDSO (vdso=0). */
  readonly window: Window | undefined;
  readonly queues: Queues | undefined;
}

/** How far the vDSO area reaches around mm->context.vdso, in bytes; the same in all 64-bit processes of one boot. */
export interface Window {
  /** From the lowest vvar mapping up to the vDSO. */
  readonly below: bigint;
  /** From the vDSO to the end of the area: its own size where it lies highest, as it does since 3.17. */
  readonly above: bigint;
}

export const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

/** This machine, as far as tracing goes. Fails without privilege or tracefs: nothing can be attached then. */
export const readHost = (): Outcome<Host> => {
  if (mayTrace(readFileSync('/proc/self/status', 'latin1')) === false) return failed(NO_PRIVILEGE);
  const events = findEvents();
  if (!events.ok) return events;
  const known = new Map<string, ReadonlySet<string> | undefined>();
  return success({
    arch: arch(),
    fields: (tracepoint) => {
      if (!known.has(tracepoint)) known.set(tracepoint, readFields(events.value, tracepoint));
      return known.get(tracepoint);
    },
    btf: readBtf(readKernelBtf() ?? NOTHING),
    window: ownWindow(readFileSync('/proc/self/maps', 'latin1')),
    queues: existsSync(POSSIBLE) ? queuesFor(release(), readFileSync(POSSIBLE, 'latin1')) : undefined,
  });
};

const NOTHING = Buffer.alloc(0);
const POSSIBLE = '/sys/devices/system/cpu/possible';

/** Which CPUs run, "0-3,7"; empty: nobody knows. */
export const readOnline = (): string => {
  try {
    return readFileSync(ONLINE, 'latin1');
  } catch {
    return '';
  }
};

const ONLINE = '/sys/devices/system/cpu/online';

/** tracefs is under either of these; bpftrace 0.17 and later look in both. */
export const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

const findEvents = (): Outcome<string> => {
  const events = TRACEFS.map((folder) => `${folder}/events`).find((folder) => existsSync(folder));
  if (events !== undefined) return success(events);
  return failed(failure('no-tracefs', 'tracefs is not mounted', 'mount -t tracefs tracefs /sys/kernel/tracing'));
};

const NO_PRIVILEGE = failure(
  'no-privilege',
  'tracing needs root with CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON',
  'run vdsowatch as root (in a container: with --privileged)',
);

/** By the CapEff line of /proc/self/status; undefined when there is none. bpf(2) asks for one or the other (5.8). */
export const mayTrace = (status: string): boolean | undefined => {
  const mask = effectiveCapabilities(status);
  if (mask === undefined) return undefined;
  const has = (capability: bigint): boolean => ((mask >> capability) & 1n) === 1n;
  return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON));
};

/** The mask of that line. */
export const effectiveCapabilities = (status: string): bigint | undefined => {
  const mask = /^CapEff:\t([0-9a-f]{1,16})$/m.exec(status)?.[1];
  return mask === undefined ? undefined : BigInt(`0x${mask}`);
};

const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

const readFields = (events: string, tracepoint: string): ReadonlySet<string> | undefined => {
  let format: string;
  try {
    format = readFileSync(`${events}/${tracepoint.replace(':', '/')}/format`, 'latin1');
  } catch {
    // Not there, or not for us: either way it cannot be attached.
    return undefined;
  }
  return new Set([...format.matchAll(/^\tfield:.*?(\w+)(?:\[\w*\])?;/gm)].map(([, name = '']) => name));
};

/** As it is; undefined: a kernel without, or not for us. */
export const readKernelBtf = (): Buffer | undefined => {
  try {
    return readFileSync(KERNEL_BTF);
  } catch {
    return undefined;
  }
};

/** From the text of a 64-bit process's own maps; only what still touches its vDSO counts. */
export const ownWindow = (maps: string): Window | undefined => {
  const { vmas } = parseMaps(maps);
  const vdso = vmas.find(isVdsoNamed);
  if (vdso === undefined) return undefined;
  const data = vmas.filter(isVvarNamed);
  let { start, end } = vdso;
  for (const vma of [...data].sort((one, other) => byStart(other, one))) if (vma.end === start) start = vma.start;
  for (const vma of data) if (vma.start === end) end = vma.end;
  return { below: vdso.start - start, above: end - vdso.start };
};

/** Where the records of forks, execs and exits wait for the next flush (probes/task-queue.bt). */
export interface Queues {
  /** CPUs with a queue are those below this number; records of others go out one by one. */
  readonly cpus: number;
  /** Records that may wait on each CPU; a power of two. */
  readonly deep: number;
}

/**
 * What this machine's queues may be; undefined: the records go out one by one.
 *
 * `release`: uname -r. Loops are verified since 5.3 (bounded loops, kernel/bpf/verifier.c). `possible`: the text of
 * /sys/devices/system/cpu/possible, "0-7". A flush looks at every queue, so there may not be many; what runs has low
 * numbers, and virtual machines of four CPUs that could be given 128 are common.
 */
export const queuesFor = (release: string, possible: string): Queues | undefined => {
  const last = /(\d+)\s*$/.exec(possible)?.[1];
  if (atLeast(parseRelease(release), 5, 3) !== true || last === undefined) return undefined;
  const cpus = Math.min(Number(last) + 1, MOST_QUEUES);
  return { cpus, deep: Math.min(DEEPEST, 2 ** Math.floor(Math.log2(ALL_RECORDS / cpus))) };
};

/** Half of the 64 turns that a flush has. */
const MOST_QUEUES = 32;
/** In all queues: sixteen flushes, 160 ms, which is less than between two heartbeats (account.ts). */
const ALL_RECORDS = 1024;
const DEEPEST = 128;
