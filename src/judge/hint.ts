import type { Hint } from '../model/verdict.js';
import type { Judgement } from './mappings.js';
import { imageHasOwnNames } from './naming.js';
import type { Opinion } from './opinion.js';
import type { Space } from './space.js';

/**
 * Does the kernel's name tell the truth? lost: the vDSO has no name; gained: what is not the vDSO has it. A vDSO in
 * pieces has its name when its first piece has. Undefined while it is not known what each mapping with the name is, and
 * for core files, which hold no such names.
 */
export const hintOf = (
  space: Space,
  judged: readonly Judgement[],
  pieces: readonly Judgement[] | null | undefined,
  undecided: readonly Opinion[],
): Hint | undefined => {
  if (space.evidence.source === 'core' || pieces === undefined) return undefined;
  if (undecided.some(({ traits }) => traits.named)) return undefined;
  // An image without its dump.log says what CRIU took, not what the kernel called it; that is known where it follows.
  if (space.evidence.namesBy === 'criu') {
    if (!imageHasOwnNames(space.evidence, space.vmas)) return undefined;
    return pieces === null ? 'none' : pieces[0]?.traits.named === true ? 'ok' : undefined;
  }
  const gained = judged.some(({ traits, verdict }) => traits.named && !isVdso(verdict.class));
  if (pieces === null) return gained ? 'gained' : 'none';
  const lost = !(pieces[0]?.traits.named ?? false);
  if (lost) return gained ? 'lost+gained' : 'lost';
  return gained ? 'gained' : 'ok';
};

const isVdso = (mappingClass: string): boolean => mappingClass === 'genuine' || mappingClass === 'criu-runtime';
