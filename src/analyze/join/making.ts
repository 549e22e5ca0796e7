import type { Witness } from './witness.js';

/** Which of two images was made first, by their clocks, else and of copies by their files; 0: unknown. */
export const byMaking = ({ criu: one }: Witness, { criu: other }: Witness): number => {
  if (one?.about !== undefined && other?.about !== undefined && one.about !== other.about)
    return signOf(one.about - other.about);
  return one?.written === undefined || other?.written === undefined ? 0 : signOf(one.written - other.written);
};

const signOf = (difference: bigint): number => (difference < 0n ? -1 : difference > 0n ? 1 : 0);
