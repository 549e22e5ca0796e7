import * as cursor from './line-cursor.js';
import type { MoveLine } from './move-line.js';

/**
 * The line of a move as the same process wrote it before: the same but for its time and the digits of its words. A
 * storm repeats it a hundred thousand times; to compare four bytes at once with what is known to be well-formed takes a
 * quarter of the time of reading it piece by piece.
 */
export interface MovePattern {
  readonly length: number;
  /** Where the part behind its pid begins, from the beginning of the line. */
  readonly rest: number;
  /** The bytes from there on, four at once; the last four overlap those before. */
  readonly words: Int32Array;
  /** Bits of those that have to be the same. */
  readonly fixed: Int32Array;
  /** Places, from the beginning of the line, at which a hexadecimal digit begins a word, and so is not 0. */
  readonly leading: ReadonlySet<number>;
  readonly move: MoveLine;
}

/** Of a line that was read; `rest` and `outcome`: where it goes on behind its pid, and where its arguments begin. */
export const patternOf = (bytes: Buffer, move: MoveLine, rest: number, outcome: number): MovePattern => {
  const { from, to, saysFrom, saysTo } = move;
  const mask = new Uint8Array(to - from).fill(0xff);
  const leading = new Set<number>();
  for (let at = outcome; at < saysTo; at++) {
    if (bytes[at] !== ZERO || bytes[at + 1] !== X) continue;
    // A 0 by itself stays what it is.
    if (bytes[at + 2] !== ZERO) leading.add(at + 2 - from);
    for (let digit = at + 2; bytes[digit] !== ZERO || digit > at + 2; digit++) {
      if (digit >= saysTo || !cursor.isNibble(bytes[digit])) break;
      mask[digit - from] = 0;
    }
  }
  const masks = new DataView(mask.buffer);
  const starts = Array.from({ length: Math.ceil((to - rest) / WORD) }, (_, index) => startOf(index, rest, to) - from);
  return {
    length: to - from,
    rest: rest - from,
    words: Int32Array.from(starts, (start) => bytes.readInt32LE(from + start)),
    fixed: Int32Array.from(starts, (start) => masks.getInt32(start, true)),
    leading,
    move: { ...move, from: 0, to: to - from, saysFrom: saysFrom - from, saysTo: saysTo - from },
  };
};

const startOf = (index: number, rest: number, to: number): number => Math.min(rest + index * WORD, to - WORD);

/** Is it as in the pattern? The line stands at `from`, is as long, and its pid ends where that of the pattern does. */
export const fits = (pattern: MovePattern, bytes: Buffer, from: number): boolean => {
  const { words, fixed, leading, rest, length } = pattern;
  const view = cursor.lineView();
  const to = from + length;
  for (let index = 0; index < words.length; index++) {
    const start = startOf(index, from + rest, to);
    const differing = view.getInt32(start, true) ^ (words[index] ?? 0);
    if (differing === 0) continue;
    if ((differing & (fixed[index] ?? 0)) !== 0) return false;
    for (let at = start; at < start + WORD; at++) {
      if (((differing >>> ((at - start) * 8)) & 0xff) === 0) continue;
      if (!cursor.isNibble(bytes[at]) || (bytes[at] === ZERO && leading.has(at - from))) return false;
    }
  }
  return true;
};

const WORD = 4;
const ZERO = 0x30;
const X = 0x78;
