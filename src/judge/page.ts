import type { Evidence } from '../model/evidence.js';
import { FILE, frameOf, PRESENT, SWAPPED } from '../model/pagemap.js';
import { isFileless, isVdsoNamed, sizeOf, type Vma } from '../model/vma.js';
import type { KnownPages } from './context.js';
import { KPF_ANON, KPF_LRU, KPF_ZERO_PAGE } from './page-format.js';

/**
 * What one page of a file-less mapping is. kernel: the kernel's own page, not a copy; copied: the process's private
 * copy (written, or swapped out, or the zero page); absent: not mapped now, so not a copy; unknown: cannot be told.
 */
export interface Page {
  readonly state: 'kernel' | 'copied' | 'absent' | 'unknown';
  readonly frame: bigint | undefined;
  /** False when the state is only likely (see frameKin). */
  readonly sure: boolean;
  /** Where the frame stands in a known page set. */
  readonly known: { readonly image: string; readonly index: number; readonly container: boolean } | undefined;
  /** The word was there and the page present, but its frame hidden. */
  readonly hidden: boolean;
}

/** No vDSO of any architecture has more (ppc64le 7.2: 13 pages); of larger mappings only the first pages are looked at. */
const MAX_PAGES = 64;

export const pageCount = (vma: Vma, pageSize: number): number => Number(sizeOf(vma) / BigInt(pageSize));

/** Whose frames lie around this one. */
export type Kin = (frame: bigint) => 'kernel' | 'process' | undefined;

export interface PageSource {
  readonly evidence: Evidence;
  /** See `hasFileBit`. */
  readonly fileBit: boolean | undefined;
  /** Page sets of this boot: the host's own, and those of containers when somebody knows them. */
  readonly known: ReadonlyMap<bigint, { readonly image: string; readonly index: number; readonly container: boolean }>;
  readonly kin: Kin;
}

/** Frame -> place in a page set, for the host's own vDSO pages and known container sets of this UTS namespace. */
export const knownFrames = (evidence: Evidence, baselines: readonly KnownPages[]): PageSource['known'] => {
  const known = new Map<bigint, { image: string; index: number; container: boolean }>();
  const uts = evidence.namespaces.get('uts');
  for (const { image, frames, uts: owner, kind } of baselines) {
    if (kind === 'lone') continue;
    // A process that left its UTS namespace without exec keeps the old pages, so any container's set counts.
    for (const [index, frame] of frames.entries())
      if (frame !== undefined && frame !== 0n && (!known.has(frame) || owner === uts))
        known.set(frame, { image, index, container: owner !== undefined });
  }
  for (const [image, frames] of evidence.host.reference)
    for (const [index, frame] of frames.entries())
      if (frame !== 0n) known.set(frame, { image, index, container: false });
  return known;
};

/** The first pages of a mapping, one by one; none when its pagemap was not read. */
export const pagesOf = (source: PageSource, vma: Vma): readonly Page[] => {
  const { evidence } = source;
  const words = evidence.pagemap.get(vma.start);
  const flags = evidence.kpageflags.get(vma.start);
  if (words === undefined) return [];
  const count = Math.min(pageCount(vma, evidence.host.pageSize), MAX_PAGES);
  const pages = Array.from({ length: count }, (_, index) => pageOf(source, words[index], flags?.[index]));
  return settle(source, pages);
};

const pageOf = (source: PageSource, word: bigint | undefined, flags: bigint | undefined): Page => {
  if (word === undefined) return UNKNOWN;
  // Only anonymous memory is ever swapped out: a copied vDSO page can be, the kernel's own never.
  if ((word & PRESENT) === 0n) return (word & SWAPPED) === 0n ? ABSENT : SWAPPED_OUT;
  const frame = frameOf(word);
  const known = frame === undefined ? undefined : source.known.get(frame);
  // Of a kernel that has the bit, a clear one is an answer, whatever the number of the frame.
  if ((word & FILE) === 0n && source.fileBit === true) return page('copied', frame, undefined);
  if ((word & FILE) !== 0n || known !== undefined) return page('kernel', frame, known);
  if (flags !== undefined && flags !== 0n) {
    if ((flags & (KPF_ANON | KPF_ZERO_PAGE)) !== 0n) return page('copied', frame, known);
    if ((flags & KPF_LRU) === 0n) return page('kernel', frame, known);
  }
  return page('unknown', frame, known);
};

/** A present page. */
const page = (state: Page['state'], frame: bigint | undefined, known: Page['known'], sure = true): Page => ({
  state,
  sure,
  frame,
  known,
  hidden: frame === undefined,
});

const NOT_PRESENT = { sure: true, frame: undefined, known: undefined, hidden: false } as const;
const ABSENT: Page = { state: 'absent', ...NOT_PRESENT };
const SWAPPED_OUT: Page = { state: 'copied', ...NOT_PRESENT };
const UNKNOWN: Page = { state: 'unknown', ...NOT_PRESENT };

/**
 * One mapping has the pages of one image: where a page has its place in a known set, a page beside it that is present
 * with another frame is a copy, even without bit 61. Where no page is known, the frames around it are asked.
 */
const settle = (source: PageSource, pages: readonly Page[]): readonly Page[] => {
  const isOpen = ({ state, frame }: Page): boolean => state === 'unknown' && frame !== undefined;
  if (!pages.some(isOpen)) return pages;
  const known = pages.some((one) => one.known !== undefined);
  return pages.map((one) => {
    if (one.state !== 'unknown' || one.frame === undefined) return one;
    if (known) return page('copied', one.frame, one.known);
    const kin = source.fileBit === false ? source.kin(one.frame) : undefined;
    return kin === undefined ? one : page(kin === 'kernel' ? 'kernel' : 'copied', one.frame, undefined, false);
  });
};

/**
 * Kernels before 3.5 do not say who owns a page, and the vDSO copies of Virtuozzo's containers are in no reference. What
 * is left: the page allocator keeps the kernel's own pages and those of processes in different blocks of 2 MiB (grouping
 * by mobility, mm/page_alloc.c, since 2.6.24), so a frame beside the host's vDSO pages is likely the kernel's, and one
 * beside this process's stack and heap likely its own. Likely, never more.
 */
export const frameKin = (evidence: Evidence, vmas: readonly Vma[]): Kin => {
  const block = BigInt(Math.max(1, Math.round((2 << 20) / evidence.host.pageSize)));
  const kernel = new Set<bigint>();
  for (const frames of evidence.host.reference.values()) for (const frame of frames) kernel.add(frame / block);
  const own = new Set<bigint>();
  for (const vma of vmas) {
    // Writable private memory without a file and not executable: anonymous for sure, unless it is a misnamed vDSO.
    if (!vma.write || vma.shared || vma.execute || isVdsoNamed(vma) || !isFileless(vma)) continue;
    for (const word of evidence.pagemap.get(vma.start) ?? []) {
      const frame = (word & FILE) === 0n ? frameOf(word) : undefined;
      if (frame !== undefined) own.add(frame / block);
    }
  }
  return (frame) => {
    const [isKernel, isOwn] = [kernel.has(frame / block), own.has(frame / block)];
    return isKernel === isOwn ? undefined : isKernel ? 'kernel' : 'process';
  };
};
