import { getPriority } from 'node:os';
import { type Failure, failure } from '../model/failure.js';
import type { ProcFiles } from './door.js';
import { procFiles } from './files.js';
import { hidepidOf } from './host.js';

/**
 * What to say of a process that /proc does not have: under hidepid=2 ("invisible") it may be there all the same, which
 * the scheduler tells anybody (getpriority, kernel/sys.c, asks for no permission).
 */
export const noProcess = (pid: number, files: ProcFiles = procFiles(), runs = hasPriority): Failure => {
  const hidepid = hidepidOf(files);
  return hidepid !== undefined && runs(pid)
    ? failure(
        'no-privilege',
        `Process ${pid} is hidden from this user: /proc is mounted with hidepid=${hidepid}.`,
        'Run as root.',
      )
    : failure('no-process', `There is no process ${pid}.`, 'See `ps -e` for those there are.');
};

const hasPriority = (pid: number): boolean => {
  try {
    getPriority(pid);
    return true;
  } catch {
    return false;
  }
};
