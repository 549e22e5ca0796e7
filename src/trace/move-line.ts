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
  skipOutcome,
  skipTarget,
  TGID,
  TID,
  WARNING,
} from './event-writing.js';
import * as cursor from './line-cursor.js';
import { fits, type MoveLine, type MovePattern, patternOf } from './move-pattern.js';

/**
 * Reads the line of an mremap that moved the vDSO, if bytes[from..to) is exactly such a line as `eventLine` writes it
 * (a byte that differs: undefined), the kernel's pointer proves the move (`effectOf`: so it is one whatever was known
 * before), and the address space has a number that no other has. What it makes of a line does not depend on the lines
 * before, only how soon.
 */
export const openMoveLines = (): ((bytes: Buffer, from: number, to: number) => MoveLine | undefined) => {
  /** By process. */
  const known = new Map<number, Known>();
  return (bytes, from, to) => {
    openCall(bytes, from, to);
    if (cursor.failed()) return undefined;
    const at = cursor.digits();
    cursor.take(TGID);
    const tgid = cursor.integer();
    if (cursor.failed()) return undefined;
    const rest = cursor.position();
    const before = known.get(tgid);
    const pattern = before?.pattern;
    if (pattern?.length === to - from && pattern.rest === rest - from && fits(pattern, bytes, from)) {
      const { context, comm, saysFrom, saysTo } = pattern.move;
      return { from, to, at, tgid, context, comm, saysFrom: from + saysFrom, saysTo: from + saysTo };
    }
    const read = readRest(bytes, { from, to, at, tgid });
    if (read === undefined) return undefined;
    if (before !== undefined && before.misses < PATIENCE) before.misses += 1;
    else {
      if (known.size >= MOST) known.clear();
      known.set(tgid, { pattern: patternOf(bytes, read.move, rest, read.outcome), misses: 0 });
    }
    return read.move;
  };
};

/** Boot clock, ns, of a line that is one of a move. */
export const timeOf = (bytes: Buffer, from: number, to: number): bigint => {
  openCall(bytes, from, to);
  return cursor.digits();
};

/** Up to its time. */
const openCall = (bytes: Buffer, from: number, to: number): void => {
  cursor.open(bytes, from, to);
  cursor.take(START);
  cursor.take(CALL_KIND);
  cursor.take(AT);
};

interface Known {
  readonly pattern: MovePattern;
  /** Lines of the process that were others. */
  misses: number;
}

/** To make a pattern costs as much as to read some lines. */
const PATIENCE = 8;
const MOST = 256;

/** From behind the pid on. */
const readRest = (
  bytes: Buffer,
  { from, to, at, tgid }: Pick<MoveLine, 'from' | 'to' | 'at' | 'tgid'>,
): { readonly move: MoveLine; readonly outcome: number } | undefined => {
  cursor.take(TID);
  cursor.skipInteger();
  cursor.take(COMM);
  const comm = cursor.plainText();
  cursor.take(SPACE);
  const context = cursor.word();
  cursor.take(MM);
  cursor.skipWord();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  cursor.take(CALL);
  cursor.take(MREMAP);
  const outcome = cursor.position();
  skipOutcome();
  // The kernel's pointer after the call, the last of it, is a word and not null.
  if (bytes[cursor.position() - 1] !== QUOTE) return undefined;
  skipTarget();
  cursor.take(WARNING);
  cursor.take(SAYS);
  const saysFrom = cursor.position();
  cursor.skipText();
  const saysTo = cursor.position();
  cursor.take(ADDRESS_SPACE);
  cursor.skipText();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  if (!cursor.atEnd() || context === 0n) return undefined;
  if (!isMoved(bytes, saysFrom, saysTo)) return undefined;
  return { move: { from, to, at, tgid, context, comm, saysFrom, saysTo }, outcome };
};

/** As `callWords` (pipeline/words.ts) has it: what a call did stands behind the first colon. */
const isMoved = (bytes: Buffer, from: number, to: number): boolean => {
  let colon = from;
  while (colon < to && bytes[colon] !== COLON) colon += 1;
  const end = colon + MOVED.length;
  return end <= to && bytes.compare(MOVED, 0, MOVED.length, colon, end) === 0;
};
const MOVED = Buffer.from(': vDSO moved from 0x');
const COLON = 0x3a;
