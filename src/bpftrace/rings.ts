/**
 * bpftrace up to 0.17 makes a ring for each CPU that is online when it starts. A CPU that comes later has none, and the
 * ring of one that goes is dead even when the CPU is back (perf_event_exit_cpu, kernel/events/core.c;
 * bpf_perf_event_output answers EOPNOTSUPP from then on). A suspend takes all CPUs but the first away, and brings them
 * back before anybody can look.
 */
export interface CpuLook {
  readonly online: ReadonlySet<number>;
  /** Boot clock - monotonic clock, ns: what the machine has slept, when it is known. */
  readonly slept: bigint;
}

/** `online`: the text of /sys/devices/system/cpu/online, "0-3,7". */
export const cpuLook = (online: string, slept: bigint): CpuLook => ({
  online: new Set(
    [...online.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index),
    ),
  ),
  slept,
});

/** Some CPU of `now` has no ring that works, though all of `before` had one. */
export const lacksRing = (before: CpuLook, now: CpuLook): boolean =>
  [...now.online].some((cpu) => !before.online.has(cpu)) || now.slept - before.slept > NAP;

/** Less than any suspend takes, more than the boot clock is off by (src/proc/clock.ts), ns. */
const NAP = 100_000_000n;
