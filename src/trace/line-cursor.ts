import { wordFor } from './kept-words.js';
import { type Choice, type Literal, literal } from './literal.js';
import { fromDigits } from './number-text.js';

/**
 * Walks over the bytes of one line whose writing is known. The first difference from it is remembered, and everything
 * after gives a meaningless value: ask `failed` before any of it is used. Module state rather than an object per line,
 * because one line is read at a time, and a million of them must not cost a million objects. For the same reason one
 * file: what steps over things made a second one, the same lines took a sixth longer (measured).
 */
let bytes: Buffer = Buffer.alloc(0);
let view = new DataView(bytes.buffer);
let here = 0;
let end = 0;
let bad = false;

export const open = (line: Buffer, from: number, to: number): void => {
  if (bytes !== line) {
    bytes = line;
    view = new DataView(line.buffer, line.byteOffset, line.length);
  }
  here = from;
  end = to;
  bad = false;
};

/** Where the walk is; bytes[start..position) may be cut out once the whole line has been seen to be good. */
export const position = (): number => here;
export const failed = (): boolean => bad;
export const atEnd = (): boolean => !bad && here === end;

/** Steps over exactly this. */
export const take = (written: Literal): undefined => {
  if (!startsWith(written)) bad = true;
};

const startsWith = ({ length, words }: Literal): boolean => {
  if (here + length > end) return false;
  const last = words.length - 1;
  for (let index = 0; index < last; index++) if (view.getInt32(here + index * 4, true) !== words[index]) return false;
  if (view.getInt32(here + length - 4, true) !== words[last]) return false;
  here += length;
  return true;
};

export const takeByte = (byte: number): void => {
  if (bytes[here] !== byte) bad = true;
  here += 1;
};

export const isAt = (byte: number): boolean => bytes[here] === byte;

/** The bytes of the line, and all around it. */
export const lineView = (): DataView => view;

/** Digits that have been seen to be some, as a number; exact up to 2^53. */
export const decimal = (from: number, to: number): number => {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + ((bytes[index] ?? ZERO) - ZERO);
  return value;
};

/** The first choice that stands here. None may be the beginning of a later one. */
export const oneOf = <T>(all: readonly Choice<T>[]): T | undefined => {
  for (const { written, value } of all) if (startsWith(written)) return value;
  bad = true;
  return undefined;
};

const NULL = literal('null');
export const isNull = (): boolean => startsWith(NULL);

/** A JSON integer, not negative, of at most 15 digits. */
export const integer = (): number => number(15);

/** Decimal digits up to a quote, which is left. */
export const digits = (): bigint => {
  const from = here;
  const value = number(20);
  return value <= Number.MAX_SAFE_INTEGER ? BigInt(value) : fromDigits(bytes.toString('latin1', from, here));
};

const number = (most: number): number => {
  const from = here;
  let value = 0;
  for (;;) {
    const digit = (bytes[here] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    here += 1;
  }
  if (!wellFormed(from, most)) bad = true;
  return value;
};

/** At least one digit, at most so many, no needless zero in front. */
const wellFormed = (from: number, most: number): boolean =>
  here > from && here - from <= most && (bytes[from] !== ZERO || here - from === 1);

/** "0x..." up to a quote, which is left. */
export const word = (): bigint => {
  let at = here;
  if (bytes[at] !== ZERO || bytes[at + 1] !== X) {
    bad = true;
    return 0n;
  }
  at += 2;
  const from = at;
  let high = 0;
  let low = 0;
  for (;;) {
    const nibble = NIBBLES[bytes[at] ?? 0] ?? NONE;
    if (nibble === NONE) break;
    high = (high << 4) | (low >>> 28);
    low = (low << 4) | nibble;
    at += 1;
  }
  here = at;
  if (wellFormed(from, 16)) return wordFor(high, low);
  bad = true;
  return 0n;
};

const NONE = 16;
const NIBBLES = new Uint8Array(256).fill(NONE);
for (let value = 0; value < 16; value++) NIBBLES[value.toString(16).charCodeAt(0)] = value;

export const isNibble = (code = 0): boolean => NIBBLES[code] !== NONE;

/** null, or a quoted word. */
export const wordOrNull = (): bigint | undefined => (bytes[here] === QUOTE ? quotedWord() : none());

const none = (): undefined => take(NULL);

const quotedWord = (): bigint => {
  if (bytes[here] !== QUOTE) bad = true;
  here += 1;
  const value = word();
  if (bytes[here] !== QUOTE) bad = true;
  here += 1;
  return value;
};

/** ["0x...","0x..."] */
export const words = (): bigint[] => {
  const values: bigint[] = [];
  if (bytes[here] !== OPEN) bad = true;
  here += 1;
  if (bytes[here] !== CLOSE) {
    for (;;) {
      values.push(quotedWord());
      if (bad || bytes[here] !== COMMA) break;
      here += 1;
    }
  }
  if (bytes[here] !== CLOSE) bad = true;
  here += 1;
  return values;
};

/** A return value up to a quote, which is left: "0x..." or "-22". */
export const result = (): bigint => {
  if (bytes[here] !== MINUS) return word();
  here += 1;
  const from = here;
  const value = number(20);
  if (bytes[from] === ZERO) bad = true;
  return value <= Number.MAX_SAFE_INTEGER ? BigInt(-value) : -fromDigits(bytes.toString('latin1', from, here));
};

/** Each steps over what its namesake reads, under the same rules, and makes nothing of it. */
export const skipInteger = (): void => skipNumber(15);
export const skipDigits = (): void => skipNumber(20);

const skipNumber = (most: number): void => {
  const from = here;
  while (isDigit(bytes[here])) here += 1;
  if (!wellFormed(from, most)) bad = true;
};

const isDigit = (code = 0): boolean => code >= ZERO && code <= NINE;

export const skipWord = (): void => {
  if (bytes[here] !== ZERO || bytes[here + 1] !== X) bad = true;
  here += 2;
  const from = here;
  while (NIBBLES[bytes[here] ?? 0] !== NONE) here += 1;
  if (!wellFormed(from, 16)) bad = true;
};

export const skipWordOrNull = (): void => {
  if (bytes[here] !== QUOTE) {
    take(NULL);
    return;
  }
  here += 1;
  skipWord();
  takeByte(QUOTE);
};

export const skipWords = (): void => {
  takeByte(OPEN);
  if (bytes[here] === QUOTE) {
    for (;;) {
      here += 1;
      skipWord();
      takeByte(QUOTE);
      if (bad || bytes[here] !== COMMA) break;
      here += 1;
      if (bytes[here] !== QUOTE) bad = true;
    }
  }
  takeByte(CLOSE);
};

export const skipText = (): void => {
  for (;;) {
    const code = bytes[here] ?? 0;
    if (code === QUOTE) return;
    if (code < BLANK || code > TILDE || code === BACKSLASH) {
      bad = true;
      return;
    }
    here += 1;
  }
};

/**
 * Text without escapes up to a quote, which is left. The newest few are kept: a comm comes again and again, and so it
 * is one string however many events bear it.
 */
export const plainText = (): string => {
  const from = here;
  let hash = 0;
  for (;;) {
    const code = bytes[here] ?? 0;
    if (code === QUOTE) break;
    if (code < BLANK || code > TILDE || code === BACKSLASH) {
      bad = true;
      return '';
    }
    hash = (hash * 31 + code) & 0xff;
    here += 1;
  }
  const kept = TEXTS[hash] ?? '';
  if (isText(kept, from)) return kept;
  const text = bytes.toString('latin1', from, here);
  if (text.length <= 64) TEXTS[hash] = text;
  return text;
};

const TEXTS: string[] = new Array<string>(256).fill('');

const isText = (text: string, from: number): boolean => {
  if (text.length !== here - from) return false;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
};

const ZERO = 0x30;
const NINE = 0x39;
const X = 0x78;
const COMMA = 0x2c;
const MINUS = 0x2d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BLANK = 0x20;
const TILDE = 0x7e;
const OPEN = 0x5b;
const CLOSE = 0x5d;
