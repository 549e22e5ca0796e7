import { frameOf } from '../model/pagemap.js';
import { sizeOf, type Vma } from '../model/vma.js';
import { type ErrorCode, isError, type ProcFiles } from './door.js';

/** What the kernel says of pages, in numbers of this machine's byte order: words of pagemap, flags of frames. */

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
  return sharedWords(Math.floor(length / 8));
};

/** Most processes have touched the same pages of the same frames: equal words share one array of the last few. */
const sharedWords = (count: number): BigUint64Array => {
  for (const { words, halves } of MET) if (words.length === count && isScratch(halves)) return words;
  const words = scratch.slice(0, count);
  if (MET.unshift({ words, halves: new Uint32Array(words.buffer) }) > MOST_MET) MET.pop();
  return words;
};

/** Compared as halves of words, which are numbers and leave nothing behind. */
const isScratch = (halves: Uint32Array): boolean => {
  for (let half = 0; half < halves.length; half += 1) if (halves[half] !== scratchHalves[half]) return false;
  return true;
};

const NO_PAGES = new Uint8Array(0);
const scratchHalves = new Uint32Array(scratch.buffer);
const MET: { readonly words: BigUint64Array; readonly halves: Uint32Array }[] = [];
/** None, one or both of two pages, of two images. */
const MOST_MET = 8;

/** Flags of the frames of these words; 0 where there is no frame to ask for. Root only. */
export const frameFlags = (files: ProcFiles, words: BigUint64Array): BigUint64Array | ErrorCode => {
  const flags = new BigUint64Array(words.length);
  const bytes = new Uint8Array(flags.buffer);
  for (const [page, word] of words.entries()) {
    const frame = frameOf(word);
    if (frame === undefined) continue;
    const length = files.at(`${files.root}/kpageflags`, bytes.subarray(page * 8, page * 8 + 8), frame * 8n);
    if (isError(length)) return length;
  }
  return flags;
};
