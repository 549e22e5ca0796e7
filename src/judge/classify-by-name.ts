import { isUserMode } from './naming.js';
import { type Opinion, opinion } from './opinion.js';
import { pageSentences } from './page-words.js';
import { atLeast } from './release.js';
import type { Space } from './space.js';
import { isAllCopied, sureKernelPages, type Traits } from './traits.js';

/**
 * Kernels whose special mappings carry their names (3.16 and later on x86): what is named [vdso] is the vDSO, and
 * nothing else is. Exceptions are kept in view: VmFlags that no special mapping has, two names in one read (before
 * 5.11 the pieces of a split vDSO, later a torn read), a kernel page without a name where the release was only read.
 */
export const classifyByName = (space: Space): readonly Opinion[] => {
  const named = space.traits.filter((traits) => traits.named && traits.special !== false);
  const owned = named.filter((traits) => traits.special === true || sureKernelPages(traits, space.pageSize) > 0);
  // A name that was only inferred may stand at an address; one that was seen to move with its mapping may not.
  const doubtful = space.naming.measured
    ? []
    : named.filter((traits) => traits.special !== true && isPlainMemory(traits));
  const hidden =
    space.naming.measured || named.length > doubtful.length
      ? []
      : space.traits.filter((traits) => isHidden(space, traits));
  const torn = isTorn(space, named);
  // Since 4.8 the kernel's pointer follows the vDSO (special_mapping_mremap); it was read apart from maps, so likely.
  const pointed = named.filter(({ vma }) => vma.start === space.evidence.contextVdso);
  const found = owned.length > 0 ? owned : pointed;
  const userMode = named.length > 0 && isUserMode(space.evidence, space.vmas);
  return space.traits.map((traits): Opinion => {
    const sentences = pageSentences(traits);
    if (hidden.includes(traits)) {
      return opinion(traits, 'genuine', 'likely', ['maps: has no name, against what the release says', ...sentences]);
    }
    if (!traits.named) return opinion(traits, 'decoy', 'proven', ['maps: not named [vdso]', ...sentences]);
    if (traits.special === false) return opinion(traits, 'decoy', 'proven', ['maps: named [vdso]', ...sentences]);
    const evidence = [`maps: named [vdso] (${space.naming.why})`, ...sentences];
    if (torn) {
      // One of them is where the vDSO was a moment ago. Pages that are the kernel's own tell which one is.
      if (found.length === 1) {
        return found[0] === traits
          ? opinion(traits, 'genuine', sureKernelPages(traits, space.pageSize) > 0 ? 'proven' : 'likely', evidence)
          : opinion(traits, undefined, 'unknown', evidence);
      }
      return opinion(traits, undefined, 'unknown', evidence);
    }
    if (doubtful.includes(traits)) {
      return owned.length > 0 || hidden.length > 0
        ? opinion(traits, 'decoy', 'likely', evidence)
        : opinion(traits, undefined, 'unknown', evidence);
    }
    const backed = traits.special === true || sureKernelPages(traits, space.pageSize) > 0 || !userMode;
    return opinion(traits, 'genuine', backed ? 'proven' : 'likely', evidence);
  });
};

/** Two whole vDSOs: impossible where special mappings cannot be split (871402e05b24, 5.11), so the read was torn. */
const isTorn = (space: Space, named: readonly Traits[]): boolean =>
  named.length > 1 && atLeast(space.release, 5, 11) !== false;

const isPlainMemory = (traits: Traits): boolean => isAllCopied(traits) && !traits.vma.execute;

const isHidden = (space: Space, traits: Traits): boolean =>
  traits.fileless &&
  !traits.named &&
  !traits.otherSpecial &&
  traits.vma.read &&
  sureKernelPages(traits, space.pageSize) > 0 &&
  BigInt(traits.pageTotal) * space.pageSize <= 0x40000n;
