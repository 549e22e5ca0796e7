import type { Auxv } from '../../model/evidence.js';

/**
 * /proc/PID/auxv: pairs of words (type, value) up to AT_NULL, in the word size and byte order of the process. Neither
 * is written down anywhere, so both are found by trying: types are small numbers (AT_* end near 51, fs/binfmt_elf.c
 * NEW_AUX_ENT), and only the right reading keeps every type small. Undefined when the bytes are no auxv, or when two
 * readings fit.
 */
export const parseAuxv = (bytes: Uint8Array): Auxv | undefined => {
  const readings = READINGS.map((reading) => readAs(bytes, reading)).filter((auxv) => auxv !== undefined);
  if (readings.length <= 1) return readings[0];
  // Bytes that are nearly all zero fit several readings; the one that ends with AT_NULL inside the bytes and tells
  // most is the one a kernel wrote, a tie is not an answer.
  const most = Math.max(...readings.map((auxv) => auxv.entries.size));
  const best = readings.filter((auxv) => auxv.entries.size === most);
  return best.length === 1 ? best[0] : undefined;
};

interface Reading {
  readonly wordSize: 4 | 8;
  readonly littleEndian: boolean;
}

const READINGS: readonly Reading[] = [
  { wordSize: 8, littleEndian: true },
  { wordSize: 4, littleEndian: true },
  { wordSize: 8, littleEndian: false },
  { wordSize: 4, littleEndian: false },
];

const AT_NULL = 0n;
/** AT_IGNORE, and AT_IGNOREPPC, of which every powerpc process has several (ARCH_DLINFO, arch/powerpc/include/asm/elf.h). */
const IGNORED: ReadonlySet<bigint> = new Set([1n, 22n]);
/** Above every AT_* of any architecture, below any address or word of the wrong size. */
const TYPE_LIMIT = 1024n;
/** The kernel's saved_auxv is 2 * (about 23 + architecture's) words; a file longer than this is none. */
const MAX_PAIRS = 512;

const readAs = (bytes: Uint8Array, { wordSize, littleEndian }: Reading): Auxv | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pairs = Math.floor(bytes.byteLength / (2 * wordSize));
  if (pairs === 0 || pairs > MAX_PAIRS) return undefined;
  const word = (index: number): bigint =>
    wordSize === 8 ? view.getBigUint64(index * 8, littleEndian) : BigInt(view.getUint32(index * 4, littleEndian));
  const entries = new Map<number, bigint>();
  for (let pair = 0; pair < pairs; pair += 1) {
    const type = word(2 * pair);
    if (type === AT_NULL) {
      // AT_NULL comes with value 0, and what follows it is padding: zeros.
      for (let rest = 2 * pair + 1; rest < 2 * pairs; rest += 1) if (word(rest) !== 0n) return undefined;
      break;
    }
    if (IGNORED.has(type)) continue;
    if (type >= TYPE_LIMIT || entries.has(Number(type))) return undefined;
    entries.set(Number(type), word(2 * pair + 1));
  }
  return entries.size === 0 ? undefined : { wordSize, littleEndian, entries };
};
