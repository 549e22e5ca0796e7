import { isProxied } from '../compare.js';
import type { Witness } from './witness.js';

/** The images have nothing where its vDSO was read: it was moved, or unmapped, and not read again before the dump. */
export const wasMovedSince = ({ verdict }: Witness['judged'], image: Witness | undefined): boolean => {
  const areas = image?.criu?.process?.areas;
  const start = verdict.vdso?.start;
  if (areas === undefined || start === undefined || isProxied(verdict)) return false;
  return !areas.some((area) => area.start === start);
};
