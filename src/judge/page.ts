import type { Evidence } from '../model/evidence.js';
import { sizeOf, type Vma } from '../model/vma.js';
import type { KnownPages } from './context.js';
import type { Kin } from './frame-kin.js';
import { FILE, frameOf, KPF_ANON, KPF_LRU, KPF_ZERO_PAGE, PRESENT, SWAPPED } from './page-format.js';

/**
 * What one page of a file-less mapping is. kernel: the kernel's own page, not a copy; copied: the process's private
 * copy (written, or swapped out, or the zero page); absent: not mapped now, so not a copy; unknown: cannot be told.
 */
export interface Page {
  readonly state: 'kernel' | 'copied' | 'absent' | 'unknown';
  readonly frame: bigint | undefined;
  /** False when the state is only likely (see frame-kin). */
  readonly sure: boolean;
  /** Where the frame stands in a known page set. */
  readonly known: { readonly image: string; readonly index: number; readonly container: boolean } | undefined;
  /** The word was there and the page present, but its frame hidden. */
  readonly hidden: boolean;
}

/** No vDSO of any architecture has more (ppc64le 7.2: 13 pages); of larger mappings only the first pages are looked at. */
export const MAX_PAGES = 64;

export const pageCount = (vma: Vma, pageSize: number): number => Number(sizeOf(vma) / BigInt(pageSize));

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
  for (const { image, frames, uts: owner } of baselines) {
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

/** The first pages of a mapping, one by one. */
export const pagesOf = (source: PageSource, vma: Vma): readonly Page[] => {
  const { evidence } = source;
  const words = evidence.pagemap.get(vma.start);
  const flags = evidence.kpageflags.get(vma.start);
  const count = Math.min(pageCount(vma, evidence.host.pageSize), MAX_PAGES);
  const pages = Array.from({ length: count }, (_, index) => pageOf(source, words?.[index], flags?.[index]));
  return settle(source, pages);
};

const pageOf = (source: PageSource, word: bigint | undefined, flags: bigint | undefined): Page => {
  if (word === undefined) return UNKNOWN;
  if ((word & PRESENT) === 0n) {
    // Only anonymous memory is ever swapped out: a copied vDSO page can be, the kernel's own never.
    return (word & SWAPPED) === 0n ? ABSENT : { ...ABSENT, state: 'copied' };
  }
  const frame = frameOf(word);
  const known = frame === undefined ? undefined : source.known.get(frame);
  const page = { frame, known, hidden: frame === undefined, sure: true };
  if ((word & FILE) !== 0n) return { ...page, state: 'kernel' };
  if (source.fileBit === true) return { ...page, known: undefined, state: 'copied' };
  if (known !== undefined) return { ...page, state: 'kernel' };
  if (flags !== undefined && flags !== 0n) {
    if ((flags & (KPF_ANON | KPF_ZERO_PAGE)) !== 0n) return { ...page, state: 'copied' };
    if ((flags & KPF_LRU) === 0n) return { ...page, state: 'kernel' };
  }
  return { ...page, state: 'unknown' };
};

const ABSENT: Page = { state: 'absent', sure: true, frame: undefined, known: undefined, hidden: false };
const UNKNOWN: Page = { ...ABSENT, state: 'unknown' };

/**
 * One mapping has the pages of one image: where a page has its place in a known set, a page beside it that is present
 * with another frame is a copy, even without bit 61. Where no page is known, the frames around it are asked.
 */
const settle = (source: PageSource, pages: readonly Page[]): readonly Page[] => {
  const known = pages.some((page) => page.known !== undefined);
  return pages.map((page) => {
    if (page.state !== 'unknown' || page.frame === undefined) return page;
    if (known) return { ...page, state: 'copied' };
    const kin = source.fileBit === false ? source.kin(page.frame) : undefined;
    return kin === undefined ? page : { ...page, state: kin === 'kernel' ? 'kernel' : 'copied', sure: false };
  });
};
