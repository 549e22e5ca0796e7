import { isError, type ProcFiles } from './door.js';
import { procFiles } from './files.js';

/**
 * CLOCK_BOOTTIME of the initial time namespace in ns: the clock of every probe's `nsecs` and of start_boottime
 * (bpf_ktime_get_boot_ns since bpftrace 0.12). Node offers CLOCK_MONOTONIC only, which stops during suspend,
 * so the difference is measured against /proc/uptime.
 */
export interface BootClock {
  now(): bigint;
  /** To be called now and then (each sweep does): a suspend since the last call moves the clock. Costs one read. */
  recalibrate(): void;
  /** Clock ticks by which field 22 of stat is shifted for a reader in a time namespace; 0n outside one. */
  readonly tickShift: bigint;
}

const SECOND = 1_000_000_000n;
/** /proc/uptime has two decimals. */
const UPTIME_STEP = 10_000_000n;
/** USER_HZ, the unit of field 22 of stat on every architecture Node runs on. */
const TICK = 10_000_000n;

/** `monotonic` is process.hrtime.bigint; a test passes clocks of its own. */
export const bootClock = (
  files: ProcFiles = procFiles(),
  monotonic: () => bigint = process.hrtime.bigint,
): BootClock => {
  const shift = namespaceShift(files);
  const uptime = (): bigint | undefined => {
    const text = files.record(`${files.root}/uptime`);
    return isError(text) ? undefined : parseUptime(text.toString('latin1'));
  };
  let offset = measure(uptime, monotonic, shift);
  return {
    now: () => monotonic() + offset,
    recalibrate: () => {
      const range = possibleOffsets(uptime, monotonic, shift);
      if (range !== undefined && (offset < range.least || offset > range.most))
        offset = measure(uptime, monotonic, shift);
    },
    tickShift: shift.boot / TICK,
  };
};

/** The boot clock of this process, shared. */
export const localBootClock = (): BootClock => {
  shared ??= bootClock();
  return shared;
};
let shared: BootClock | undefined;

/** Time of day minus boot clock, ns. */
export const wallOffset = (clock: Pick<BootClock, 'now'> = localBootClock()): bigint =>
  BigInt(Date.now()) * 1_000_000n - clock.now();

/** The longest time a timer of Node can wait, ms: 24 days. A longer one goes off at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** "734.13 1434.30" -> ns; undefined for anything else. */
export const parseUptime = (text: string): bigint | undefined => {
  const match = /^(\d{1,12})\.(\d\d) /.exec(text);
  return match === null ? undefined : BigInt(match[1] ?? 0) * SECOND + BigInt(match[2] ?? 0) * UPTIME_STEP;
};

interface Shift {
  readonly monotonic: bigint;
  readonly boot: bigint;
}

/**
 * What this process's own time namespace adds to its clocks. The file speaks of the namespace for children
 * (proc_timens_show_offsets, kernel/time/namespace.c), so it counts only when that is also our own.
 */
const namespaceShift = (files: ProcFiles): Shift => {
  const own = files.link(`${files.root}/self/ns/time`);
  const children = files.link(`${files.root}/self/ns/time_for_children`);
  const text = files.record(`${files.root}/self/timens_offsets`);
  if (typeof own !== 'string' || own !== children || isError(text)) return { monotonic: 0n, boot: 0n };
  const offset = (clock: string): bigint => {
    const match = new RegExp(`^${clock}\\s+(-?\\d+)\\s+(\\d+)$`, 'm').exec(text.toString('latin1'));
    return match === null ? 0n : BigInt(match[1] ?? 0) * SECOND + BigInt(match[2] ?? 0);
  };
  return { monotonic: offset('monotonic'), boot: offset('boottime') };
};

interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

/** Where boot clock - own monotonic clock may lie, from one reading of /proc/uptime. */
const possibleOffsets = (
  uptime: () => bigint | undefined,
  monotonic: () => bigint,
  shift: Shift,
): Range | undefined => {
  const before = monotonic();
  const read = uptime();
  if (read === undefined) return undefined;
  const boot = read - shift.boot;
  return { least: boot - monotonic(), most: boot + UPTIME_STEP - before };
};

/**
 * A host that never slept has both clocks equal, exactly: when that is possible it is so. lxcfs shows a container an
 * uptime of its own, less than the monotonic clock, which the true one never is: then too. Otherwise the host has
 * slept, and the step of /proc/uptime is waited for (10 ms at most, once).
 */
const measure = (uptime: () => bigint | undefined, monotonic: () => bigint, shift: Shift): bigint => {
  const range = possibleOffsets(uptime, monotonic, shift);
  const never = -shift.monotonic;
  if (range === undefined || range.least <= never) return never;
  const first = uptime();
  for (let tries = 0; tries < 100_000; tries++) {
    const before = monotonic();
    const read = uptime();
    if (read === undefined) break;
    if (read !== first) return read - shift.boot - (before + monotonic()) / 2n;
  }
  return (range.least + range.most) / 2n;
};
