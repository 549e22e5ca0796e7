import { isError, type ProcFiles } from './door.js';

/**
 * Where the threads of a process stand, from /proc/PID/task/TID/syscall: "NUMBER six arguments SP PC" in a system call,
 * "-1 SP PC" blocked elsewhere, "running" otherwise (fs/proc/base.c, proc_pid_syscall). Undefined unless all are known:
 * that one is not inside a mapping may only be said of all of them.
 */
export const instructionPointers = (files: ProcFiles, folder: string): readonly bigint[] | undefined => {
  const threads = files.list(`${folder}/task`);
  if (isError(threads) || threads.length > MOST_THREADS) return undefined;
  const pointers: bigint[] = [];
  for (const thread of threads) {
    const bytes = files.record(`${folder}/task/${thread}/syscall`);
    const pointer = isError(bytes) ? undefined : parseSyscall(bytes.toString('latin1'));
    if (pointer === undefined) return undefined;
    pointers.push(pointer);
  }
  return pointers;
};

const MOST_THREADS = 256;

/** The last number of the line; undefined for "running" and for anything else. */
export const parseSyscall = (text: string): bigint | undefined => {
  const match = /^-?\d{1,10}(?: 0x[0-9a-f]{1,16}){1,7} (0x[0-9a-f]{1,16})\n?$/.exec(text);
  return match?.[1] === undefined ? undefined : BigInt(match[1]);
};
