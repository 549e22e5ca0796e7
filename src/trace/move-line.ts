import { skipOutcome, skipTarget } from './event-walk.js';
import {
  ADDRESS_SPACE,
  AT,
  CALL,
  CALL_KIND,
  CLOSE,
  COMM,
  MM,
  MREMAP,
  QUOTE,
  SAYS,
  SPACE,
  START,
  TGID,
  TID,
  WARNING,
} from './event-writing.js';
import * as cursor from './line-cursor.js';

/** The line of a call that moved the vDSO, as far as it was read; places in the bytes it was read from. */
export interface MoveLine {
  readonly from: number;
  readonly to: number;
  /** Boot clock, ns. */
  readonly at: bigint;
  readonly tgid: number;
  /** ctx_id of its address space; never 0. */
  readonly context: bigint;
  readonly comm: readonly [number, number];
  /** What was said of it. */
  readonly says: readonly [number, number];
}

/**
 * Reads the line of an mremap that moved the vDSO, if bytes[from..to) is exactly such a line as `eventLine` writes it
 * (a byte that differs: undefined), the kernel's pointer proves the move (`effectOf`: so it is one whatever was known
 * before), and the address space has a number that no other has.
 */
export const moveLine = (bytes: Buffer, from: number, to: number): MoveLine | undefined => {
  cursor.open(bytes, from, to);
  cursor.take(START);
  cursor.take(CALL_KIND);
  cursor.take(AT);
  if (cursor.failed()) return undefined;
  const at = cursor.digits();
  cursor.take(TGID);
  const tgid = cursor.integer();
  cursor.take(TID);
  cursor.skipInteger();
  cursor.take(COMM);
  const comm = skippedText();
  cursor.take(SPACE);
  const context = cursor.word();
  cursor.take(MM);
  cursor.skipWord();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  cursor.take(CALL);
  cursor.take(MREMAP);
  skipOutcome();
  // The kernel's pointer after the call, the last of it, is a word and not null.
  if (bytes[cursor.position() - 1] !== QUOTE) return undefined;
  skipTarget();
  cursor.take(WARNING);
  cursor.take(SAYS);
  const says = skippedText();
  cursor.take(ADDRESS_SPACE);
  cursor.skipText();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  if (!cursor.atEnd() || context === 0n) return undefined;
  return isMoved(bytes, says) ? { from, to, at, tgid, context, comm, says } : undefined;
};

const skippedText = (): readonly [number, number] => {
  const from = cursor.position();
  cursor.skipText();
  return [from, cursor.position()];
};

/** As `callWords` (pipeline/words.ts) has it: what a call did stands behind the first colon. */
const isMoved = (bytes: Buffer, [from, to]: readonly [number, number]): boolean => {
  let colon = from;
  while (colon < to && bytes[colon] !== COLON) colon += 1;
  const end = colon + MOVED.length;
  return end <= to && bytes.compare(MOVED, 0, MOVED.length, colon, end) === 0;
};
const MOVED = Buffer.from(': vDSO moved from 0x');
const COLON = 0x3a;
