import { AT_PAGESZ, type Auxv } from '../model/evidence.js';

/**
 * The auxiliary vector an mm image saved: for a 64-bit task type and value in turn, for a 32-bit task one word of
 * type | value << 32 (seen with CRIU 4.2; AT_NULL may be cut off). Told apart by the words themselves, since a
 * type is a small number. Undefined when nothing was saved.
 */
export const savedAuxv = (words: readonly bigint[], machine: string | undefined): Auxv | undefined => {
  if (words.length === 0) return undefined;
  const packed = words.some((word, index) => index % 2 === 0 && word >> 32n !== 0n);
  const entries = new Map<number, bigint>();
  for (let index = 0; index < Math.min(words.length, MOST_WORDS); index += packed ? 1 : 2) {
    const word = words[index] ?? 0n;
    const type = Number(word & LOW);
    if (type === AT_NULL) break;
    const value = packed ? word >> 32n : words[index + 1];
    if (value !== undefined && !entries.has(type)) entries.set(type, value);
  }
  const narrow = packed || (machine !== undefined && NARROW.has(machine));
  return { wordSize: narrow ? 4 : 8, littleEndian: machine !== 's390x', entries };
};

const AT_NULL = 0;
const LOW = 0xffff_ffffn;
const MOST_WORDS = 512;
const NARROW = new Set(['arm']);

const PAGE_SIZES = new Set([4096, 16384, 65536]);

/** AT_PAGESZ when it is a size some kernel uses, 4096 otherwise. */
export const pageSizeOf = (auxv: Auxv | undefined): number => {
  const size = Number(auxv?.entries.get(AT_PAGESZ) ?? 4096n);
  return PAGE_SIZES.has(size) ? size : 4096;
};
