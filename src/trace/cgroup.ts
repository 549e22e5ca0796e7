import type { BootClock } from '../proc/clock.js';
import { isError, procFiles } from '../proc/files.js';
import { sweep } from '../proc/sweep.js';
import { processTree } from '../proc/tree.js';
import { parseCgroup } from './cgroup.js';

/** The control groups of a running process; none when it has gone. */
export const cgroupsOf = (pid: number): readonly string[] => {
  const bytes = files.lines(`${files.root}/${pid}/cgroup`);
  return isError(bytes) ? [] : parseCgroup(bytes.toString('latin1'));
};
const files = procFiles();

/** These processes and everything below them, now. */
export const descendants = async (pids: readonly number[]): Promise<readonly number[]> => {
  const parents = new Map<number, number>();
  for await (const chunk of sweep())
    for (const { process } of chunk) if (process.parent !== undefined) parents.set(process.pid, process.parent);
  return processTree(pids, parents);
};

/** Time of day minus boot clock, ns. */
export const wallOffset = (clock: Pick<BootClock, 'now'>): bigint => BigInt(Date.now()) * 1_000_000n - clock.now();
