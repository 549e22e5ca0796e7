import type { Unread } from '../model/evidence.js';
import { sizeOf, type Vma } from '../model/vma.js';
import type { Chosen } from './candidates.js';
import type { ProcContext } from './context.js';
import { type ErrorCode, isError, type ProcFiles } from './files.js';
import { readMarks } from './marks.js';
import { absentBecause } from './unread.js';

/**
 * Pages of a few mappings: their words in pagemap, the flags of their frames, their bytes. Sizes are bounded; the
 * numbers are in the byte order of this machine, as the kernel writes them.
 */
const MOST_PAGES = 64;
const scratch = new BigUint64Array(MOST_PAGES);
/** Views of the first pages' words, by number of pages: made once. */
const scratchOf = Array.from({ length: MOST_PAGES + 1 }, (_, pages) => new Uint8Array(scratch.buffer, 0, pages * 8));

/** One word per page from the start of the mapping, at most 64. `path` is /proc/PID/pagemap. */
export const pagemapWords = (
  files: ProcFiles,
  path: string,
  vma: Vma,
  pageSize: number,
): BigUint64Array | ErrorCode => {
  const pages = Math.min(MOST_PAGES, Number(sizeOf(vma)) / pageSize);
  // Page numbers stay exact as a number: addresses have 57 bits at most, 12 of them zero.
  const position = (Number(vma.start) / pageSize) * 8;
  if (!Number.isSafeInteger(position)) return new BigUint64Array(0);
  const length = files.at(path, scratchOf[pages] ?? NO_PAGES, position);
  if (isError(length)) return length;
  const count = Math.floor(length / 8);
  // Most processes have touched the same pages of the same frames: equal words share one array.
  if (!isLatest(count)) {
    latest = scratch.slice(0, count);
    latestHalves = new Uint32Array(latest.buffer);
  }
  return latest;
};

/** Compared as halves of words, which are numbers and leave nothing behind. */
const isLatest = (count: number): boolean => {
  if (count !== latest.length) return false;
  for (let half = 0; half < 2 * count; half += 1) if (latestHalves[half] !== scratchHalves[half]) return false;
  return true;
};

const NO_PAGES = new Uint8Array(0);
const scratchHalves = new Uint32Array(scratch.buffer);
let latest = new BigUint64Array(0);
let latestHalves = new Uint32Array(0);

export const PRESENT = 1n << 63n;
const FRAME = (1n << 55n) - 1n;
export const frameOf = (word: bigint): bigint => ((word & PRESENT) === 0n ? 0n : word & FRAME);

/** Flags of the frames of these words; 0 where there is no frame to ask for. Root only. */
export const frameFlags = (files: ProcFiles, words: BigUint64Array): BigUint64Array | ErrorCode => {
  const flags = new BigUint64Array(words.length);
  const bytes = new Uint8Array(flags.buffer);
  for (const [page, word] of words.entries()) {
    const frame = frameOf(word);
    if (frame === 0n) continue;
    const length = files.at(`${files.root}/kpageflags`, bytes.subarray(page * 8, page * 8 + 8), frame * 8n);
    if (isError(length)) return length;
  }
  return flags;
};

/** Most bytes read of one mapping. */
const MOST_BYTES_PAGES = 16;

/**
 * Bytes of a mapping through /proc/PID/mem (`path`). Reading a page that is not present would fault it in and change
 * what is observed, so by default the read stops before the first such page; `fault` reads on.
 */
export const mappingBytes = (
  files: ProcFiles,
  path: string,
  vma: Vma,
  pageSize: number,
  words: BigUint64Array | undefined,
  fault: boolean,
  most = MOST_BYTES_PAGES,
): Uint8Array | ErrorCode => {
  const pages = Math.min(most, Number(sizeOf(vma)) / pageSize);
  let wanted = pages;
  if (!fault) {
    const missing = (words ?? new BigUint64Array(0)).findIndex((word) => (word & PRESENT) === 0n);
    wanted = Math.min(pages, missing === -1 ? (words?.length ?? 0) : missing);
  }
  if (wanted === 0) return new Uint8Array(0);
  const bytes = new Uint8Array(wanted * pageSize);
  const length = files.at(path, bytes, vma.start);
  return isError(length) ? length : bytes.subarray(0, length);
};

/** Whether a read of all bytes would fault a page in. */
export const lacksPages = (words: BigUint64Array | undefined): boolean =>
  words === undefined || words.some((word) => (word & PRESENT) === 0n);

/** Words, frame flags and bytes of the chosen mappings, by start address. */
export interface Pages {
  readonly pagemap: ReadonlyMap<bigint, BigUint64Array>;
  readonly kpageflags: ReadonlyMap<bigint, BigUint64Array>;
  readonly bytes: ReadonlyMap<bigint, Uint8Array>;
  readonly faultedPages: boolean;
  readonly unread: readonly Unread[];
}

/** `folder` is /proc/PID. The first refusal of a file ends the reading of that file. */
export const readPages = (
  folder: string,
  { candidates, data, poked }: Chosen,
  { fault, flags, marks }: { readonly fault: boolean; readonly flags: boolean; readonly marks: boolean },
  { files, host }: ProcContext,
): Pages => {
  const pagemap = new Map<bigint, BigUint64Array>();
  const kpageflags = new Map<bigint, BigUint64Array>();
  const bytes = new Map<bigint, Uint8Array>();
  const unread: Unread[] = [];
  let faultedPages = false;
  for (const vma of [...candidates, ...data]) {
    const words = pagemapWords(files, `${folder}/pagemap`, vma, host.pageSize);
    if (isError(words)) {
      unread.push(absentBecause('pagemap', words));
      break;
    }
    pagemap.set(vma.start, words);
  }
  if (flags)
    for (const [start, words] of pagemap) {
      const found = frameFlags(files, words);
      if (isError(found)) {
        unread.push(absentBecause('kpageflags', found));
        break;
      }
      kpageflags.set(start, found);
    }
  for (const vma of candidates) {
    const words = pagemap.get(vma.start);
    const read = mappingBytes(files, `${folder}/mem`, vma, host.pageSize, words, fault);
    if (isError(read)) {
      unread.push(absentBecause('mem', read));
      // EIO is this mapping's own (VM_IO, or unmapped meanwhile); anything else is the file's.
      if (read.code === 'EIO') continue;
      break;
    }
    if (read.length === 0) continue;
    bytes.set(vma.start, read);
    if (fault && lacksPages(words)) faultedPages = true;
  }
  if (marks) {
    const found = readMarks(folder, poked, { files, host });
    for (const [start, word] of found.guards) pagemap.set(start, word);
    for (const [start, head] of found.marks) bytes.set(start, head);
  }
  return { pagemap, kpageflags, bytes, faultedPages, unread };
};
