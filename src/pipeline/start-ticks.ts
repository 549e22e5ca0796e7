/** Field 22 of stat: when a process began, in ticks of 10 ms (USER_HZ is 100) of the boot clock. */

const TICK = 10_000_000n;

/** Field 22 of stat that a process born at this boot time has, give or take one. */
export const ticksAt = (at: bigint): bigint => at / TICK;

/** May the process of these ticks be the child of a fork of this boot time? */
export const isStart = (ticks: bigint, at: bigint): boolean => {
  const difference = ticksAt(at) - ticks;
  // start_boottime is taken early in copy_process, the event is fired at its end.
  return difference >= 0n && difference <= 2n;
};

/** Boot clock, ns, of the tick in which it began. */
export const bootTimeOf = (ticks: bigint): bigint => ticks * TICK;
