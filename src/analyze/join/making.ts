import { ascending } from '../../model/ascending.js';
import type { Witness } from './witness.js';

/** Which of two images was made first, by their clocks, else and of copies by their files; 0: unknown. */
export const byMaking = ({ criu: one }: Witness, { criu: other }: Witness): number => {
  if (one?.about !== undefined && other?.about !== undefined && one.about !== other.about)
    return ascending(one.about, other.about);
  return one?.written === undefined || other?.written === undefined ? 0 : ascending(one.written, other.written);
};
