import type { Evidence } from '../model/evidence.js';
import { FILE, PRESENT } from '../model/pagemap.js';
import { isFileless, type Vma } from '../model/vma.js';
import { atLeast, parseRelease } from './release.js';

/** Bits of a kpageflags word (include/uapi/linux/kernel-page-flags.h). */
export const KPF_LRU = 1n << 5n;
export const KPF_ANON = 1n << 12n;
export const KPF_ZERO_PAGE = 1n << 24n;

/**
 * Does a clear bit 61 mean "anonymous" in this pagemap? Kernels before 3.5 have no such bit: there, bits 55 to 60 hold
 * the page shift (12: 0x86... words), and clear says nothing. Undefined: not known.
 *
 * The words themselves go before the release, which a container may fake.
 */
export const hasFileBit = (evidence: Evidence, vmas: readonly Vma[]): boolean | undefined => {
  for (const words of evidence.pagemap.values())
    for (const word of words) if ((word & PRESENT) !== 0n && (word & FILE) !== 0n) return true;
  const since = atLeast(parseRelease(evidence.host.release), 3, 5);
  if (!showsShift(evidence)) return since;
  // 3.5 to 4.1 print the page shift and bit 61 both: a page of a file that is not writable decides.
  if (vmas.some((vma) => !vma.write && !isFileless(vma) && anyPresent(evidence.pagemap.get(vma.start)))) return false;
  return since === true ? undefined : false;
};

/** Has any page its shift in bits 55 to 60, as kernels before 4.2 print it? */
export const showsShift = ({ pagemap, host }: Evidence): boolean => {
  const shift = BigInt(Math.round(Math.log2(host.pageSize)));
  for (const words of pagemap.values())
    for (const word of words) if ((word & PRESENT) !== 0n && ((word >> 55n) & 0x3fn) === shift) return true;
  return false;
};

const anyPresent = (words: BigUint64Array | undefined): boolean =>
  words?.some((word) => (word & PRESENT) !== 0n) ?? false;
