import type { Confidence } from '../model/verdict.js';
import { isCopyOrCopied, isPlainData, mayBeWritten, saysNothing } from './doubt.js';
import { type Opinion, opinion } from './opinion.js';
import { pageSentences } from './page-words.js';
import { isPieceOf } from './pieces.js';
import { plausibility, possibleSize } from './plausible.js';
import type { Space } from './space.js';
import { imageIndex, isAllCopied, looksAlike, sureKernelPages, type Traits } from './traits.js';

/**
 * Where a name proves nothing (kernels before 3.16, CRIU images, core files): a mapping with a kernel page is the vDSO,
 * together with the pieces next to it; without such a page the most plausible one likely is, when nothing rivals it.
 */
export const classifyByAddress = (space: Space): readonly Opinion[] => {
  const sure = space.traits.filter((traits) => isSurely(space, traits));
  if (sure.length > 0) {
    const pieces = space.traits.filter((traits) => sure.includes(traits) || isPieceOf(space, sure, traits));
    return space.traits.map((traits) => {
      const evidence = sentences(space, traits);
      if (sure.includes(traits)) return opinion(traits, 'genuine', isProven(traits) ? 'proven' : 'likely', evidence);
      if (pieces.includes(traits)) {
        return isPlainData(traits) ? opinion(traits, undefined, 'unknown', evidence) : pieceOpinion(traits, evidence);
      }
      return opinion(traits, 'decoy', certainlyNot(traits) ? 'proven' : 'likely', [
        'the vDSO is another mapping',
        ...evidence,
      ]);
    });
  }
  return byPlausibility(space);
};

const pieceOpinion = (traits: Traits, evidence: readonly string[]): Opinion =>
  opinion(traits, 'genuine', 'likely', ['maps: next to the vDSO', ...evidence]);

const byPlausibility = (space: Space): readonly Opinion[] => {
  const scored = space.traits
    .map((traits) => ({ traits, points: plausibility(space, traits) }))
    .filter(({ traits, points }) => points !== undefined && !mayBeAnything(space, traits))
    .map(({ traits, points }) => ({ traits, points: points ?? 0 }))
    .sort((one, other) => other.points - one.points);
  const [best, second] = scored;
  const winner =
    best !== undefined &&
    best.points >= needed(best.traits) &&
    !rivals(best, second) &&
    !isCopyOrCopied(space, best.traits) &&
    !saysNothing(space, best.traits)
      ? best
      : undefined;
  return space.traits.map((traits) => {
    const evidence = sentences(space, traits);
    if (traits === winner?.traits) return opinion(traits, 'genuine', 'likely', evidence);
    if (winner !== undefined && isPieceOf(space, [winner.traits], traits)) return pieceOpinion(traits, evidence);
    if (winner === undefined && mayBeAnything(space, traits)) return opinion(traits, undefined, 'unknown', evidence);
    const score = scored.find((one) => one.traits === traits);
    if (winner === undefined && score !== undefined && mayBeWritten(space, traits))
      return opinion(traits, undefined, 'unknown', evidence);
    if (score === undefined || score.points <= 0) {
      const confidence: Confidence = certainlyNot(traits) ? 'proven' : 'likely';
      return opinion(traits, 'decoy', confidence, evidence);
    }
    // It could be the vDSO as far as this evidence goes; with a clear winner it hardly is.
    return winner === undefined
      ? opinion(traits, undefined, 'unknown', evidence)
      : opinion(traits, 'decoy', 'likely', ['another mapping is more likely the vDSO', ...evidence]);
  });
};

/**
 * Of an image without its dump.log. At the auxv address, and none of its pages was dumped: a vDSO that CRIU did not take
 * for one, as it was not readable and executable or by its check, or memory that nobody has written. Or CRIU took it, and
 * its bytes are no image: somebody wrote over them, or the page was taken out of the image.
 */
const mayBeAnything = ({ naming }: Space, { vma, fileless, atAuxv, named, content }: Traits): boolean =>
  naming.rule === 'claim' &&
  fileless &&
  !vma.shared &&
  (named ? content === 'other' : atAuxv && content === undefined && vma.name === '');

interface Scored {
  readonly traits: Traits;
  readonly points: number;
}

/** A name or the auxv address is a reason to look; without either only content or pages will do. */
const needed = ({ named, atAuxv }: Traits): number => (named || atAuxv ? 2 : 3);

/** Too close to call: nothing but their place tells two mappings of the same size, or two images, apart. */
const rivals = (best: Scored, second: Scored | undefined): boolean => {
  if (second === undefined || second.points <= 0) return false;
  const apart = best.points - second.points >= 2;
  const [copied, otherCopied] = [hasCopy(best.traits), hasCopy(second.traits)];
  if (speaksForItself(best.traits) || speaksForItself(second.traits)) return !apart;
  // A copy tells other memory from the vDSO, but not an image that was written over from one that the program copied.
  if (looksAlike(best.traits) && looksAlike(second.traits)) return copied || !otherCopied || !apart;
  if (copied || otherCopied) return !apart;
  return isTwin(best.traits, second.traits) || !apart;
};

const hasCopy = ({ pages }: Traits): boolean => pages.some(({ state }) => state === 'copied');

const speaksForItself = ({ pages, special }: Traits): boolean =>
  special !== undefined || pages.some(({ state }) => state === 'kernel');

/** Text of the same size, of which neither one's content is known. */
const isTwin = (one: Traits, other: Traits): boolean =>
  one.content === undefined &&
  other.content === undefined &&
  one.pageTotal === other.pageTotal &&
  [one, other].every(({ vma }) => vma.read && vma.execute && !vma.write);

/**
 * A page that is the kernel's, or the flags of a special mapping. Two other special mappings have no name before 3.16:
 * the page of uprobes, alone and --xp (xol_add_vma, VM_IO), and the [vvar] of 32-bit processes in 3.15 (VM_IO).
 */
const isSurely = (space: Space, traits: Traits): boolean => {
  if (!traits.fileless || traits.otherSpecial || traits.special === false || traits.vma.shared) return false;
  // um, sh, hexagon, csky since 6.12 name every vDSO.
  if (space.naming.rule === 'both' && !traits.named) return false;
  if (!possibleSize(space, traits)) return false;
  if (sureKernelPages(traits, space.pageSize) > 0) return mayNotBeUprobes(traits);
  const isText = traits.vma.execute || traits.named || looksAlike(traits);
  return traits.special === true && (isText || traits.smaps?.flags?.has('io') === false);
};

const mayNotBeUprobes = (traits: Traits): boolean => {
  const { vma, named, pageTotal } = traits;
  return vma.read || !vma.execute || named || pageTotal > 1 || imageIndex(traits) !== undefined;
};

/** Bytes are read after the words: the process may have mapped and filled a page in between. */
const isProven = (traits: Traits): boolean =>
  traits.special === true || traits.filled.length === 0 || hasKernelPage(traits);

const hasKernelPage = ({ pages }: Traits): boolean => pages.some(({ state, sure }) => state === 'kernel' && sure);

/** All its pages are there and anonymous, or its flags or bytes say so: whatever it is called. */
const certainlyNot = (traits: Traits): boolean =>
  !traits.fileless || traits.special === false || (traits.content === 'other' && isAllCopied(traits));

const sentences = (space: Space, traits: Traits): readonly string[] => [
  ...(traits.named ? [`maps: named [vdso] (${space.naming.why})`] : []),
  ...(traits.atAuxv ? ['auxv: AT_SYSINFO_EHDR is its start'] : []),
  ...pageSentences(traits),
];
