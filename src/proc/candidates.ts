import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import { contains, isFileless, isVdsoNamed, isVvarNamed, sizeOf, type Vma } from '../model/vma.js';

/**
 * Which mappings are worth a look at their pages. Only memory without a file can be the vDSO, bear its name on an old
 * kernel, or be a proxy or a mark of CRIU, and all of these are small.
 */
export const isCandidate = (vma: Vma, auxv: Auxv | undefined, pageSize: number): boolean => {
  if (isVdsoNamed(vma)) return true;
  if (!isFileless(vma) || vma.shared || isVvarNamed(vma) || NEVER.has(vma.name)) return false;
  const put = auxv?.entries.get(AT_SYSINFO_EHDR);
  if (put !== undefined && contains(vma, put)) return true;
  return vma.read && vma.execute && sizeOf(vma) <= BigInt(LARGEST_IMAGE * pageSize);
};

/** Pages. The largest vDSO seen has 13 (ppc64le 7.2); a proxy may have grown by merging with its neighbour. */
const LARGEST_IMAGE = 32;
const NEVER: ReadonlySet<string> = new Set(['[stack]', '[heap]', '[vsyscall]', '[vectors]', '[sigpage]', '[uprobes]']);

/**
 * The candidates and, for their frames alone, the data pages: never their bytes (a read of vvar is refused by most
 * kernels and must not be tried on any). A process with a just-in-time compiler can have thousands of small executable
 * mappings: bounded, the named ones and the one at the auxv address first.
 */
export const mappingsToLookAt = (vmas: readonly Vma[], auxv: Auxv | undefined, pageSize: number): Chosen => {
  const put = auxv?.entries.get(AT_SYSINFO_EHDR);
  const first = (vma: Vma): boolean => isVdsoNamed(vma) || (put !== undefined && contains(vma, put));
  const all = vmas.filter((vma) => isCandidate(vma, auxv, pageSize));
  const chosen = all.length <= MOST ? all : [...all.filter(first), ...all.filter((vma) => !first(vma))].slice(0, MOST);
  const poked = vmas.filter((vma) => isPoked(vma) && !chosen.includes(vma)).slice(0, MOST_POKED);
  return { candidates: chosen, data: vmas.filter(isVvarNamed).slice(0, MOST), poked };
};

export interface Chosen {
  readonly candidates: readonly Vma[];
  readonly data: readonly Vma[];
  /** All other memory that CRIU's parasite looks for a mark at the start of, however large and whatever its name. */
  readonly poked: readonly Vma[];
}

const isPoked = (vma: Vma): boolean =>
  isFileless(vma) && !vma.shared && vma.read && vma.execute && !(NEVER.has(vma.name) && vma.name !== '[heap]');

const MOST = 64;
const MOST_POKED = 1024;
