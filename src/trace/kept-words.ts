import { wordOf } from './number-text.js';

/**
 * The same few thousand words come again and again: lengths, flags, where the vDSO is. To look one up takes a tenth of
 * the time of making a bigint, and leaves nothing to collect.
 */
export const wordFor = (high: number, low: number): bigint => {
  const slot = (low ^ (low >>> 12) ^ Math.imul(high, 0x9e37)) & (SLOTS - 1);
  if (LOWS[slot] === low && HIGHS[slot] === high) return WORDS[slot] ?? 0n;
  const value = wordOf(high >>> 0, low >>> 0);
  HIGHS[slot] = high;
  LOWS[slot] = low;
  WORDS[slot] = value;
  return value;
};

const SLOTS = 8192;
const HIGHS = new Int32Array(SLOTS);
const LOWS = new Int32Array(SLOTS);
const WORDS: bigint[] = new Array<bigint>(SLOTS).fill(0n);
