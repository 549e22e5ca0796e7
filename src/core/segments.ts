import { elfReader } from '../elf/reader.js';

/** A program header of a core file: memory, or notes. */
export interface Segment {
  readonly type: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly offset: bigint;
  readonly start: bigint;
  readonly end: bigint;
  readonly fileSize: bigint;
}

/** Of a whole table: a core file of a large program has thousands, and their addresses are 64 bits wide. */
export const readSegments = (table: Buffer, bits: 32 | 64, littleEndian: boolean): Segment[] => {
  const read = elfReader(table, littleEndian, bits);
  const size = sizeOfSegment(bits);
  const at = bits === 64 ? WIDE : NARROW;
  return Array.from({ length: Math.floor(table.length / size) }, (_, index) => {
    const base = index * size;
    const flags = read.u32(base + at.flags) ?? 0;
    const start = read.word(base + at.address) ?? 0n;
    return {
      type: read.u32(base) ?? 0,
      read: (flags & 4) !== 0,
      write: (flags & 2) !== 0,
      execute: (flags & 1) !== 0,
      offset: read.word(base + at.offset) ?? 0n,
      start,
      end: start + (read.word(base + at.memorySize) ?? 0n),
      fileSize: read.word(base + at.fileSize) ?? 0n,
    };
  });
};

/** Field offsets of Elf64_Phdr and Elf32_Phdr. */
const WIDE = { flags: 4, offset: 8, address: 16, fileSize: 32, memorySize: 40 };
const NARROW = { flags: 24, offset: 4, address: 8, fileSize: 16, memorySize: 20 };

/** Bytes of a program header. */
export const sizeOfSegment = (bits: 32 | 64): number => (bits === 64 ? 56 : 32);
