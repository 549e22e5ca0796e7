import type { Space } from './space.js';
import { isAllCopied, looksAlike, type Traits } from './traits.js';

// Memory that may be the vDSO or not, where the name proves nothing and no page is known to be the kernel's. A CRIU image
// and a core file, which hold no page words, have rules of their own.

/** A kernel that gives the name to whatever stands at the address, as far as is known. */
const mayBeMisnamed = ({ naming, evidence }: Space): boolean => naming.rule !== 'claim' && evidence.source !== 'core';

/**
 * Every page is private and it cannot be written: a debugger may have written them all, or a program made a copy and
 * put it where the vDSO was. A process that writes its own leaves it writable, or writes one page of it; but unless its
 * bytes are an image, such memory may as well be code that the program put there.
 */
export const isCopyOrCopied = (space: Space, traits: Traits): boolean =>
  mayBeMisnamed(space) &&
  traits.special === undefined &&
  (!traits.vma.write || traits.content === undefined) &&
  isAllCopied(traits);

/**
 * Neither page nor byte speaks for it, and it is no text: a vDSO may be made so (mprotect), and so may memory that was
 * put where it was. Or it is an image that can be written and not run.
 */
export const saysNothing = (space: Space, { vma, special, pages, content }: Traits): boolean => {
  if (!mayBeMisnamed(space) || special !== undefined) return false;
  if (pages.some(({ state }) => state === 'kernel')) return false;
  return content === undefined ? !vma.read || !vma.execute : vma.write && !vma.execute;
};

/**
 * Too little speaks for it, and yet it may be the vDSO: an image that is no longer text, text that was written and into
 * which nobody looked. Data is none: no program makes its vDSO that.
 */
export const mayBeWritten = (space: Space, traits: Traits): boolean => {
  if (!mayBeMisnamed(space)) return false;
  const { vma, named, content } = traits;
  if (looksAlike(traits)) return vma.execute || !isAllCopied(traits);
  if (content !== undefined) return false;
  return named ? vma.execute || (!vma.write && !isAllCopied(traits)) : vma.read && vma.execute;
};

/**
 * Written data in the place of a piece of the vDSO: mprotect made it of that piece, or munmap and mmap put it there. What
 * can run, or is an image, is no mere data.
 */
export const isPlainData = (traits: Traits): boolean =>
  !traits.vma.execute && isAllCopied(traits) && !looksAlike(traits);
