/**
 * A bpftrace with a ring per CPU (hasOneRing) makes them for the CPUs that are online when it starts. A CPU that comes
 * later has none, and the ring of one that goes is dead even when the CPU is back (perf_event_exit_cpu,
 * kernel/events/core.c; bpf_perf_event_output answers EOPNOTSUPP from then on). A suspend takes all CPUs but the first
 * away, and brings them back before anybody can look.
 */
export interface CpuLook {
  readonly online: ReadonlySet<number>;
  /** Boot clock - monotonic clock, ns: what the machine has slept, when it is known. */
  readonly slept: bigint;
}

/** The mend of both. */
export const ONE_RING = 'use bpftrace 0.19 or newer, on Linux 5.8 or newer';

/** `online`: the text of /sys/devices/system/cpu/online, "0-3,7". */
export const cpuLook = (online: string, slept: bigint): CpuLook => ({ online: cpusIn(online), slept });

const cpusIn = (online: string): ReadonlySet<number> =>
  new Set(
    [...online.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index),
    ),
  );

/** Whether some CPU of `now` has no ring that works, though all of `before` had one. */
export const lacksRing = (before: CpuLook, now: CpuLook): boolean =>
  [...now.online].some((cpu) => !before.online.has(cpu)) || now.slept - before.slept > NAP;

/** Less than any suspend takes, more than the boot clock is off by (src/proc/clock.ts), ns. */
const NAP = 100_000_000n;

/**
 * CPUs of which nothing will ever be heard: its table of rings has as many places as CPUs are online (Map::Map,
 * src/map.cpp, 0.17), so where numbers are left out, the highest find none. With CPUs 0, 1, 33 and 39 of Linux 6.1
 * nothing came from 33 and 39. undefined: all are heard.
 */
export const deafness = (online: string): string | undefined => {
  const cpus = cpusIn(online);
  const unheard = [...cpus].filter((cpu) => cpu >= cpus.size);
  if (unheard.length === 0) return undefined;
  return `this bpftrace hears nothing of CPU ${unheard.join(', ')}, as lower numbers are offline: ${ONE_RING}`;
};
