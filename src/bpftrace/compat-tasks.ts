import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Event } from '../model/event.js';

/**
 * Which processes are 32-bit ones, by pid: only while there are any is compat.bt worth its price. A fresh image says
 * it by where its vDSO lies: in the 4 GiB that a 32-bit task can address, or not.
 */
export const trackCompat = (alive: Set<number>, event: Event): void => {
  switch (event.kind) {
    case 'exec':
      if (event.vdso !== undefined && event.vdso !== 0n && event.vdso < FOUR_GIB) alive.add(event.tgid);
      else alive.delete(event.tgid);
      return;
    case 'fork':
      if (alive.has(event.tgid)) alive.add(event.childPid);
      return;
    case 'exit':
      alive.delete(event.tgid);
      return;
  }
};

const FOUR_GIB = 1n << 32n;

/**
 * Adds the 32-bit processes that run already, by the ELF header of /proc/PID/exe. In slices, so that it never holds
 * the event loop for long; each pid is added in the moment it was seen, so a later exit event takes it out again.
 */
export const findCompat = async (alive: Set<number>, stopped: AbortSignal, root = '/proc'): Promise<void> => {
  const pids = readdirSync(root).filter((name) => /^[1-9]\d*$/.test(name));
  for (const [index, pid] of pids.entries()) {
    if (index % 64 === 63) await setImmediate();
    if (stopped.aborted) return;
    if (isCompatImage(`${root}/${pid}/exe`)) alive.add(Number(pid));
  }
};

/** Takes out what is no longer there, should an exit event have been lost. */
export const forgetDead = (alive: Set<number>, root = '/proc'): void => {
  for (const pid of alive) if (!isCompatImage(`${root}/${pid}/exe`)) alive.delete(pid);
};

/** ELFCLASS32 for i386 (3) or arm (40). x32, class 32 for x86-64, makes no 32-bit calls. */
const isCompatImage = (path: string): boolean => {
  const header = Buffer.alloc(20);
  try {
    const file = openSync(path, 'r');
    try {
      if (readSync(file, header) < header.length) return false;
    } finally {
      closeSync(file);
    }
  } catch {
    // A kernel thread, gone, or not for us.
    return false;
  }
  const machine = header.readUInt16LE(18);
  return header.readUInt32BE(0) === 0x7f45_4c46 && header[4] === 1 && (machine === 3 || machine === 40);
};
