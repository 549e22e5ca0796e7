import { constants } from 'node:os';

/** Of a status as of wait(2), which is what task_struct's exit_code holds (do_exit, kernel/exit.c). */

/** The signal that killed it; undefined: it ended by itself. */
export const killerOf = (status: number): number | undefined => status & 0x7f || undefined;

/** What it gave to exit. */
export const exitCodeOf = (status: number): number => (status >> 8) & 0xff;

/** "SIGSEGV"; a number that has no name stays one. */
export const signalName = (signal: number): string => NAMES.get(signal) ?? `signal ${signal}`;

/** Does the kernel send it to who runs into memory or code that is not what it took it for? */
export const isFault = (signal: number): boolean => FAULTS.has(signalName(signal));

/** Some numbers have two names; the usual one stands first. */
const NAMES = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

const FAULTS = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP']);
