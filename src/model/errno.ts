import { constants } from 'node:os';

/** Negative errno of a system call result, as a positive number; undefined: it succeeded (MAX_ERRNO, linux/err.h). */
export const errnoOf = (result: bigint): number | undefined =>
  result < 0n && result >= -4095n ? Number(-result) : undefined;

/** "EPERM"; a number that has no name stays one. */
export const errnoName = (errno: number): string => NAMES.get(errno) ?? String(errno);

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
