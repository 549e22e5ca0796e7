import type { Unread } from '../model/evidence.js';
import { PRESENT } from '../model/pagemap.js';
import { sizeOf, type Vma } from '../model/vma.js';
import type { Chosen } from './candidates.js';
import { type ErrorCode, isError, type ProcFiles } from './door.js';
import type { ProcContext } from './host.js';
import { readMarks } from './marks.js';
import { frameFlags, pagemapWords } from './pagemap.js';
import { absentBecause } from './unread.js';

/** Pages of a few mappings: their words in pagemap, the flags of their frames, their bytes. Sizes are bounded. */

/**
 * KPF_REFERENCED, KPF_ACTIVE and KPF_IDLE (include/uapi/linux/kernel-page-flags.h): how lately a page was used. They
 * come and go by themselves while anything ages memory (reclaim, DAMON), and say nothing of whose page it is. With them
 * a process that sleeps would be news at every second reading, and be recorded and judged anew.
 */
const USE = (1n << 2n) | (1n << 6n) | (1n << 25n);

/** What of the flags of a frame lasts. */
const lasting = (flags: BigUint64Array): BigUint64Array => flags.map((word) => word & ~USE);

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
const lacksPages = (words: BigUint64Array | undefined): boolean =>
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
      kpageflags.set(start, lasting(found));
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
