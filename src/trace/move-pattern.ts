import * as cursor from './line-cursor.js';
import type { MoveLine } from './move-line.js';

/**
 * The line of a move as the same process wrote it before: the same but for its time and the digits of its words. A
 * storm repeats it a hundred thousand times; to compare four bytes at once with what is known to be well-formed takes a
 * quarter of the time of reading it piece by piece (0.4 us of 1.7).
 */
export interface MovePattern {
  readonly length: number;
  /** Where the part behind its pid begins, from the beginning of the line. */
  readonly rest: number;
  /** What does not change behind there: where, and the four bytes. */
  readonly places: Uint16Array;
  readonly words: Int32Array;
  /** Hexadecimal digits that may change; and those of them that are not 0, because a word begins with them. */
  readonly digits: Uint16Array;
  readonly leading: Uint16Array;
  readonly move: MoveLine;
}

/** Of a line that was read; `rest` and `outcome`: where it goes on behind its pid, and where its arguments begin. */
export const patternOf = (bytes: Buffer, move: MoveLine, rest: number, outcome: number): MovePattern | undefined => {
  const { from, to, saysTo } = move;
  const [places, digits, leading]: [number[], number[], number[]] = [[], [], []];
  let fixed = rest;
  /** Four bytes at once; the last ones overlap. Less than four can be compared with those around them only. */
  const fix = (end: number): boolean => {
    if (end - fixed < WORD) return false;
    for (let at = fixed; at + WORD < end; at += WORD) places.push(at - from);
    places.push(end - WORD - from);
    return true;
  };
  for (let at = outcome; at + 1 < saysTo; at++) {
    if (bytes[at] !== ZERO || bytes[at + 1] !== X) continue;
    const start = at + 2;
    let end = start;
    while (end < saysTo && cursor.isNibble(bytes[end])) end += 1;
    at = end - 1;
    // A 0 by itself stays what it is.
    if (end === start || bytes[start] === ZERO) continue;
    if (!fix(start)) return undefined;
    leading.push(start - from);
    for (let digit = start; digit < end; digit++) digits.push(digit - from);
    fixed = end;
  }
  if (!fix(to)) return undefined;
  return {
    length: to - from,
    rest: rest - from,
    places: Uint16Array.from(places),
    words: Int32Array.from(places, (place) => bytes.readInt32LE(from + place)),
    digits: Uint16Array.from(digits),
    leading: Uint16Array.from(leading),
    move: { ...move, from: 0, to: to - from, saysFrom: move.saysFrom - from, saysTo: saysTo - from },
  };
};

/** Are they all as in the pattern? The line stands at `from`, is as long, and its pid ends where that of the pattern does. */
export const fits = (pattern: MovePattern, bytes: Buffer, from: number): boolean => {
  const { places, words, digits, leading } = pattern;
  const view = cursor.lineView();
  for (let index = 0; index < places.length; index++)
    if (view.getInt32(from + (places[index] ?? 0), true) !== words[index]) return false;
  for (let index = 0; index < digits.length; index++)
    if (!cursor.isNibble(bytes[from + (digits[index] ?? 0)])) return false;
  for (let index = 0; index < leading.length; index++) if (bytes[from + (leading[index] ?? 0)] === ZERO) return false;
  return true;
};

const WORD = 4;
const ZERO = 0x30;
const X = 0x78;
