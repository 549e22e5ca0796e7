import { atLeast, parseRelease } from '../judge/release.js';

/** Where the records of forks, execs and exits wait for the next flush (probes/task-queue.bt). */
export interface Queues {
  /** CPU numbers are below this. */
  readonly cpus: number;
  /** Records that may wait on each CPU; a power of two. */
  readonly deep: number;
}

/**
 * What this machine's queues may be; undefined: the records go out one by one.
 *
 * `release`: uname -r. Loops are verified since 5.3 (bounded loops, kernel/bpf/verifier.c). `possible`: the text of
 * /sys/devices/system/cpu/possible, "0-7"; a flush looks at every CPU, so there may not be many.
 */
export const queuesFor = (release: string, possible: string): Queues | undefined => {
  const last = /(\d+)\s*$/.exec(possible)?.[1];
  if (atLeast(parseRelease(release), 5, 3) !== true || last === undefined) return undefined;
  const cpus = Number(last) + 1;
  if (cpus > MOST_CPUS) return undefined;
  return { cpus, deep: Math.min(DEEPEST, 2 ** Math.floor(Math.log2(ALL_RECORDS / cpus))) };
};

/** Half of the 64 turns that a flush has. */
const MOST_CPUS = 32;
/** Of all CPUs: sixteen flushes, 160 ms, which is less than between two heartbeats (account.ts). */
const ALL_RECORDS = 1024;
const DEEPEST = 128;
