import { type Failure, failure } from '../model/failure.js';
import { isError, type ProcFiles } from './door.js';
import { procFiles } from './files.js';

/** /proc/TID answers for every thread; its Tgid is the process. */
export const leaderOf = (files: ProcFiles, tid: number): number | undefined => {
  const bytes = files.record(`${files.root}/${tid}/status`);
  if (isError(bytes)) return undefined;
  const tgid = /^Tgid:\t(\d{1,10})$/m.exec(bytes.toString('latin1'))?.[1];
  return tgid === undefined ? tid : Number(tgid);
};

/**
 * What to say of the first number that is a thread's, as htop, strace and perf show them: /proc answers for it as for a
 * process, but no listing has it and no event names it, so whoever watched it would wait for ever. Undefined: none is.
 */
export const threadAmong = (pids: readonly number[], files: ProcFiles = procFiles()): Failure | undefined => {
  for (const pid of pids) {
    const leader = leaderOf(files, pid);
    if (leader !== undefined && leader !== pid)
      return failure('usage', `${pid} is no process: it is a thread of process ${leader}.`, `Give ${leader}.`);
  }
  return undefined;
};
