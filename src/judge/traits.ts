import { type ElfImage, looksLikeVdso, readElfImage } from '../elf/image.js';
import { AT_SYSINFO_EHDR, type SmapsEntry } from '../model/evidence.js';
import { isFileless, isVdsoNamed, sizeOf, type Vma } from '../model/vma.js';
import { type Mark, parseMark } from './mark.js';
import { type Page, type PageSource, pageCount, pagesOf } from './page.js';
import { findTrampolines, type Trampoline } from './proxy.js';

/** Everything the evidence says of one mapping that bears on whether it is the vDSO. */
export interface Traits {
  readonly vma: Vma;
  readonly fileless: boolean;
  /** The kernel printed exactly [vdso]. */
  readonly named: boolean;
  /** A path that contains "[vdso]" and so fools a careless reader. */
  readonly spoofed: boolean;
  /** Another special mapping or gate page by name: [vvar], [sigpage], [uprobes], [vectors], [vsyscall], ... */
  readonly otherSpecial: boolean;
  /** Begins exactly where AT_SYSINFO_EHDR says the vDSO is. */
  readonly atAuxv: boolean;
  readonly pages: readonly Page[];
  readonly pageTotal: number;
  readonly smaps: SmapsEntry | undefined;
  /**
   * VM_DONTEXPAND ("de"), set on every special mapping at install and on no anonymous one; undefined when VmFlags are
   * not known (before 3.8).
   */
  readonly special: boolean | undefined;
  readonly elf: ElfImage | undefined;
  /** Content: a vDSO image, maybe one (bytes end early), something else; undefined when no bytes are known. */
  readonly content: 'vdso' | 'maybe' | 'other' | undefined;
  /** Pages that are not mapped and hold something all the same: the kernel would fill them (see filledBehind). */
  readonly filled: readonly number[];
  readonly mark: Mark | undefined;
  readonly trampolines: readonly Trampoline[];
}

export const traitsOf = (source: PageSource, vma: Vma): Traits => {
  const { evidence } = source;
  const fileless = isFileless(vma);
  const bytes = fileless ? evidence.bytes.get(vma.start) : undefined;
  const elf = bytes === undefined ? undefined : readElfImage(bytes);
  const smaps = evidence.smaps?.get(vma.start);
  const mark = parseMark(bytes);
  const pages = fileless ? pagesOf(source, vma) : [];
  return {
    vma,
    fileless,
    named: isVdsoNamed(vma),
    spoofed: !isVdsoNamed(vma) && vma.name.includes('[vdso]'),
    otherSpecial: OTHER_SPECIAL.test(vma.name),
    atAuxv: evidence.auxv?.entries.get(AT_SYSINFO_EHDR) === vma.start,
    pages,
    pageTotal: pageCount(vma, evidence.host.pageSize),
    smaps,
    special: fileless ? smaps?.flags?.has('de') : undefined,
    elf,
    content: contentOf(bytes, elf, vma, mark),
    filled: bytes === undefined || vma.shared ? [] : filledBehind(bytes, pages, evidence.host.pageSize),
    mark,
    trampolines: bytes === undefined || elf === undefined ? [] : findTrampolines(bytes, elf),
  };
};

const OTHER_SPECIAL = /^\[(vvar|vvar_vclock|vdso_data|sigpage|vectors|vsyscall|uprobes|uprobes-trampoline)\]$/;

const contentOf = (
  bytes: Uint8Array | undefined,
  elf: ElfImage | undefined,
  vma: Vma,
  mark: Mark | undefined,
): Traits['content'] => {
  if (bytes === undefined || bytes.length < 52) return undefined;
  if (mark !== undefined) return 'maybe';
  if (elf === undefined) return 'other';
  const looks = looksLikeVdso(elf);
  if (looks === 'no') return 'other';
  // The program must fit its mapping: a vDSO is mapped whole.
  if (looks === 'maybe' && elf.programSize !== undefined && BigInt(elf.programSize) > sizeOf(vma)) return 'other';
  return looks === 'yes' ? 'vdso' : 'maybe';
};

/**
 * Private memory without a file reads as zeros where no page is mapped or swapped out (do_anonymous_page,
 * mm/memory.c); only a special mapping has a page of the kernel's behind it (special_mapping_fault, mm/mmap.c). The
 * bytes were read after the words.
 */
const filledBehind = (bytes: Uint8Array, pages: readonly Page[], pageSize: number): readonly number[] =>
  pages.flatMap(({ state }, index) =>
    state === 'absent' && bytes.subarray(index * pageSize, (index + 1) * pageSize).some((byte) => byte !== 0)
      ? [index]
      : [],
  );

/**
 * How many of its pages are surely the kernel's: by pagemap, and by what is read where it shows none; without one by
 * smaps, where what is resident and not anonymous can only be that (the zero page is not counted as resident, and
 * file-less private memory has nothing else).
 */
export const sureKernelPages = ({ pages, filled, smaps, vma }: Traits, pageSize: bigint): number => {
  if (pages.length > 0) return filled.length + pages.filter(({ state, sure }) => state === 'kernel' && sure).length;
  if (smaps?.rss === undefined || smaps.anonymous === undefined || vma.shared) return 0;
  return Math.max(0, ((smaps.rss - smaps.anonymous) * 1024) / Number(pageSize));
};

export const countPages = (traits: Traits, state: Page['state']): number =>
  traits.pages.filter((page) => page.state === state).length;

/** Its bytes are an image, or begin like one. */
export const looksAlike = ({ content }: Traits): boolean => content === 'vdso' || content === 'maybe';

/** Its pages are known, and all of them are private copies. */
export const isAllCopied = (traits: Traits): boolean =>
  traits.pages.length > 0 && countPages(traits, 'copied') === traits.pages.length;

/** Where the mapping's first page stands in its image, when a frame says so: 1 for a vDSO whose page 0 is gone. */
export const imageIndex = ({ pages }: Traits): { readonly image: string; readonly first: number } | undefined => {
  for (const [index, { known }] of pages.entries())
    if (known !== undefined && known.index >= index) return { image: known.image, first: known.index - index };
  return undefined;
};
