import { type CriuVersion, criuAtLeast } from '../criu/version.js';

/** How the restorer of a CRIU version differs from others; what 3.5, 3.13 and 3.16 changed. */
export interface Restorer {
  /**
   * Does it ask the vDSO for the time of its log once that is in place? (10a831689; before, it made the system call.) Not
   * for 32-bit tasks.
   */
  readonly readsClock: boolean;
  /** Does it print what differs between the dumped vDSO and its own (b2efa720c). */
  readonly saysWhy: boolean;
  /** Does it move the first part of what the kernel mapped for it, vDSO or not, where the image has no vvar (until 2d521f3c9). */
  readonly movesStart: boolean;
  /**
   * Does it die of the line that names a function that lies elsewhere (b2efa720c has "[%zu]`%s`" there, and its printf knew no
   * %u until b28eb7b2d, 3.16, so it takes the number for the name).
   */
  readonly diesOfSymbols: boolean;
  /** Does its own vDSO stay where it was parked, also in a task that had none (until 8f386360f; seen with 2.12 and 3.4). */
  readonly leavesOwn: boolean;
}

/** `compat`: of a 32-bit task on a 64-bit kernel. */
export const restorerOf = (version: CriuVersion, compat: boolean): Restorer => {
  const isNew = criuAtLeast(version, 3, 13);
  return {
    readsClock: !compat && isNew,
    saysWhy: isNew,
    movesStart: !isNew,
    diesOfSymbols: isNew && !criuAtLeast(version, 3, 16),
    leavesOwn: !criuAtLeast(version, 3, 5),
  };
};
