import * as cursor from './line-cursor.js';

/** The line of a call that moved the vDSO, as far as it was read. */
export interface MoveLine {
  /** Where it stands in the bytes it was read from. */
  readonly from: number;
  readonly to: number;
  /** Boot clock, ns. */
  readonly at: bigint;
  readonly tgid: number;
  /** ctx_id of its address space; never 0. */
  readonly context: bigint;
  readonly comm: string;
  /** Where that stands which was said of it. */
  readonly saysFrom: number;
  readonly saysTo: number;
}

/**
 * The line of a move as the same process wrote it before: the same but for its time and the digits of its words. A
 * storm repeats it a hundred thousand times; to compare four bytes at once with what is known to be well-formed takes a
 * tenth of the time of reading it piece by piece.
 */
export interface MovePattern {
  readonly length: number;
  /** Where the part behind its pid begins, from the beginning of the line. */
  readonly rest: number;
  /** The bytes from there on, four at once; the last four overlap those before. A free digit stands as "0". */
  readonly words: Int32Array;
  /** Bits of those that have to be the same; the others are of hexadecimal digits. */
  readonly fixed: Int32Array;
  /** Places, from the beginning of the line, at which a hexadecimal digit begins a word, and so is not 0. */
  readonly leading: Int32Array;
  readonly move: MoveLine;
}

/** Of a line that was read; `rest` and `outcome`: where it goes on behind its pid, and where its arguments begin. */
export const patternOf = (bytes: Buffer, move: MoveLine, rest: number, outcome: number): MovePattern => {
  const { from, to, saysFrom, saysTo } = move;
  const text = Buffer.from(bytes.subarray(from, to));
  const mask = Buffer.alloc(to - from, 0xff);
  const leading: number[] = [];
  for (let at = outcome; at < saysTo; at++) {
    if (bytes[at] !== ZERO || bytes[at + 1] !== X) continue;
    // A 0 by itself stays what it is.
    if (bytes[at + 2] !== ZERO) leading.push(at + 2 - from);
    for (let digit = at + 2; bytes[digit] !== ZERO || digit > at + 2; digit++) {
      if (digit >= saysTo || !cursor.isNibble(bytes[digit])) break;
      text[digit - from] = ZERO;
      mask[digit - from] = 0;
    }
  }
  const count = Math.ceil((to - rest) / WORD);
  const starts = Array.from({ length: count }, (_, index) => Math.min(rest + index * WORD, to - WORD) - from);
  return {
    length: to - from,
    rest: rest - from,
    words: Int32Array.from(starts, (start) => text.readInt32LE(start)),
    fixed: Int32Array.from(starts, (start) => mask.readInt32LE(start)),
    leading: Int32Array.from(leading),
    move: { ...move, from: 0, to: to - from, saysFrom: saysFrom - from, saysTo: saysTo - from },
  };
};

/** Is it as in the pattern? The line stands at `from`, is as long, and its pid ends where that of the pattern does. */
export const fits = ({ words, fixed, leading, rest, length }: MovePattern, bytes: Buffer, from: number): boolean => {
  const view = cursor.lineView();
  const last = words.length - 1;
  for (let index = 0; index <= last; index++) {
    const start = index === last ? length - WORD : rest + index * WORD;
    const differing = view.getInt32(from + start, true) ^ (words[index] ?? 0);
    if (differing !== 0 && ((differing & (fixed[index] ?? 0)) !== 0 || !areDigits(differing ^ ZEROS))) return false;
  }
  for (let index = 0; index < leading.length; index++) if (bytes[from + (leading[index] ?? 0)] === ZERO) return false;
  return true;
};

/** Four hexadecimal digits. A byte that does not differ from a fixed one counts as the "0" it was made. */
const areDigits = (four: number): boolean => DIGITS[four & 0xffff] === 1 && DIGITS[four >>> 16] === 1;

const WORD = 4;
const ZERO = 0x30;
const ZEROS = 0x30303030;
const X = 0x78;

/** Of each pair of bytes: are both hexadecimal digits? */
const DIGITS = Uint8Array.from({ length: 0x10000 }, (_, pair) =>
  cursor.isNibble(pair & 0xff) && cursor.isNibble(pair >>> 8) ? 1 : 0,
);
