/**
 * Bounded reading of ELF structures: every read outside the bytes is undefined. 64-bit words that do not fit a safe
 * integer are undefined as offsets too, because no vDSO is that large.
 */
export interface ElfReader {
  readonly length: number;
  readonly u8: (at: number) => number | undefined;
  readonly u16: (at: number) => number | undefined;
  readonly u32: (at: number) => number | undefined;
  readonly u64: (at: number) => bigint | undefined;
  /** An address-sized word (32 or 64 bits by ELF class). */
  readonly word: (at: number) => bigint | undefined;
  /** A string up to its NUL, at most `limit` bytes, as latin1. */
  readonly text: (at: number, limit: number) => string | undefined;
}

/** `bits`: how wide a `word` is. Reads beyond the bytes give undefined. */
export const elfReader = (bytes: Uint8Array, littleEndian: boolean, bits: 32 | 64): ElfReader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fits = (at: number, size: number): boolean => Number.isSafeInteger(at) && at >= 0 && at + size <= bytes.length;
  const u32 = (at: number): number | undefined => (fits(at, 4) ? view.getUint32(at, littleEndian) : undefined);
  const u64 = (at: number): bigint | undefined => (fits(at, 8) ? view.getBigUint64(at, littleEndian) : undefined);
  return {
    length: bytes.length,
    u8: (at) => (fits(at, 1) ? bytes[at] : undefined),
    u16: (at) => (fits(at, 2) ? view.getUint16(at, littleEndian) : undefined),
    u32,
    u64,
    word: (at) => {
      if (bits === 64) return u64(at);
      const value = u32(at);
      return value === undefined ? undefined : BigInt(value);
    },
    text: (at, limit) => {
      if (!fits(at, 1)) return undefined;
      const end = bytes.subarray(at, Math.min(bytes.length, at + limit)).indexOf(0);
      return end === -1 ? undefined : Buffer.from(bytes.subarray(at, at + end)).toString('latin1');
    },
  };
};

/** An offset in the bytes, or undefined when it cannot be one. */
export const asOffset = (value: bigint | undefined): number | undefined =>
  value !== undefined && value >= 0n && value <= 0xffffffffn ? Number(value) : undefined;
