import { fromDigits, wordOf } from './number-text.js';

/**
 * Walks over the bytes of one line whose writing is known. The first difference from it is remembered, and everything
 * after gives a meaningless value: ask `failed` before any of it is used. Module state rather than an object per line,
 * because one line is read at a time and a million of them shall cost no objects.
 */
let bytes: Buffer = Buffer.alloc(0);
let here = 0;
let end = 0;
let bad = false;

export const open = (line: Buffer, from: number, to: number): void => {
  bytes = line;
  here = from;
  end = to;
  bad = false;
};

export const failed = (): boolean => bad;
export const atEnd = (): boolean => !bad && here === end;

export const literal = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export interface Choice<T> {
  readonly written: Uint8Array;
  readonly value: T;
}

export const choices = <const T extends string>(...texts: readonly T[]): readonly Choice<T>[] =>
  texts.map((value) => ({ written: literal(value), value }));

/** Steps over exactly these bytes. */
export const take = (written: Uint8Array): void => {
  if (!startsWith(written)) bad = true;
};

const startsWith = (written: Uint8Array): boolean => {
  const { length } = written;
  for (let index = 0; index < length; index++) if (bytes[here + index] !== written[index]) return false;
  here += length;
  return true;
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
  if (bytes[here] !== ZERO || bytes[here + 1] !== X) {
    bad = true;
    return 0n;
  }
  here += 2;
  const from = here;
  while (nibble(bytes[here]) >= 0) here += 1;
  if (!wellFormed(from, 16)) {
    bad = true;
    return 0n;
  }
  const cut = here - 8;
  let high = 0;
  let low = 0;
  let index = from;
  for (; index < cut; index++) high = high * 16 + nibble(bytes[index]);
  for (; index < here; index++) low = low * 16 + nibble(bytes[index]);
  return wordOf(high, low);
};

const nibble = (code: number | undefined): number => NIBBLES[code ?? 0] ?? -1;
const NIBBLES = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) NIBBLES[value.toString(16).charCodeAt(0)] = value;

/** null, or a quoted word. */
export const wordOrNull = (): bigint | undefined => {
  if (startsWith(NULL)) return undefined;
  return quotedWord();
};

const quotedWord = (): bigint => {
  take(QUOTES);
  const value = word();
  take(QUOTES);
  return value;
};

/** ["0x...","0x..."] */
export const words = (): bigint[] => {
  const values: bigint[] = [];
  take(OPEN);
  if (bytes[here] === CLOSE[0]) {
    here += 1;
    return values;
  }
  for (;;) {
    values.push(quotedWord());
    if (bad || bytes[here] !== COMMA) break;
    here += 1;
  }
  take(CLOSE);
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
const X = 0x78;
const COMMA = 0x2c;
const MINUS = 0x2d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BLANK = 0x20;
const TILDE = 0x7e;
const QUOTES = literal('"');
const OPEN = literal('[');
const CLOSE = literal(']');
