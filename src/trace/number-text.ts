/**
 * Numbers as the trace writes them: addresses and other words "0x...", times and counts as decimal digits, both in
 * strings because readers keep only 53 bits of a JSON number. BigInt("0x...") is slow; these are several times faster.
 */

const words = new BigUint64Array(1);
const halves = new Uint32Array(words.buffer);
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** Two unsigned 32-bit halves to one word. */
export const wordOf = (high: number, low: number): bigint => {
  if (high < 0x200000) return BigInt(high * 0x1_0000_0000 + low);
  halves[LOW] = low;
  halves[1 - LOW] = high;
  return words[0] ?? 0n;
};

/** "0x7ffe..." of at most 64 bits, lower case, to its value; the form is not checked. */
export const fromHex = (text: string): bigint => {
  if (text.length <= 15) return BigInt(Number.parseInt(text, 16));
  if (text.length > 18) return BigInt(text);
  const cut = text.length - 8;
  return wordOf(Number.parseInt(text.slice(2, cut), 16), Number.parseInt(text.slice(cut), 16));
};

/** Decimal digits, perhaps after a minus; the form is not checked. */
export const fromDigits = (text: string): bigint => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? BigInt(value) : BigInt(text);
};

/** A return value: like an address, "0x...", or decimal when it is negative: an errno. */
export const resultText = (value: bigint): string => (value < 0n ? value.toString() : `0x${value.toString(16)}`);

/** The inverse of `resultText`; the form is not checked. */
export const fromResult = (text: string): bigint => (text.charCodeAt(0) === MINUS ? fromDigits(text) : fromHex(text));
const MINUS = 0x2d;

/** Patterns of the schema: an unsigned 64-bit word, a time or count, a return value, a signed time. */
export const HEX = '^0x(?:0|[1-9a-f][0-9a-f]{0,15})$';
export const DIGITS = '^(?:0|[1-9][0-9]{0,19})$';
export const RESULT = '^(?:0x(?:0|[1-9a-f][0-9a-f]{0,15})|-[1-9][0-9]{0,19})$';
export const SIGNED = '^(?:0|-?[1-9][0-9]{0,19})$';
