import type { HistoryLine } from '../model/state.js';
import type { MoveLine } from './move-line.js';

/** What was said of a move that was passed over. */
export interface PassedLine extends Pick<HistoryLine, 'at' | 'pid' | 'comm' | 'severity' | 'text'> {
  /** Time of day, Unix, ns. */
  readonly time: bigint;
}

/** Lines to have of what is passed over: the first ones of a process, and the newest of a run. */
export interface Shown {
  readonly oldest: number;
  readonly newest: number;
}

/** Lines of moves, of which the first ones and the newest are kept; bytes, which most of them remain. */
export interface PassedLines {
  /** `offset`: time of day minus boot clock, ns. */
  readonly add: (bytes: Buffer, move: MoveLine, offset: bigint) => void;
  readonly count: () => number;
  /** What the lines [from, to) say, as far as they are kept. */
  readonly said: (from: number, to: number) => readonly PassedLine[];
  /** The lines from there on. */
  readonly each: (from: number, use: (bytes: Buffer, from: number, to: number) => void) => void;
  readonly clear: () => void;
}

/** Bytes of a line that can be kept. */
export const LONGEST_LINE = 1024;

/** `newest` of them can be had beside the `last`, which are read. */
export const openPassedLines = ({ oldest, newest }: Shown, last: number): PassedLines => {
  const slots = oldest + newest + last;
  const bytes = Buffer.allocUnsafeSlow(slots * LONGEST_LINE);
  const moves = new Array<MoveLine | undefined>(slots).fill(undefined);
  const offsets = new Array<bigint>(slots).fill(0n);
  let count = 0;
  /** The first ones keep their slots, the others go round in the rest. */
  const slotOf = (index: number): number => (index < oldest ? index : oldest + ((index - oldest) % (slots - oldest)));
  const saidIn = (slot: number): readonly PassedLine[] => {
    const move = moves[slot];
    if (move === undefined) return [];
    const { from, at, tgid, comm, saysFrom, saysTo } = move;
    const start = slot * LONGEST_LINE - from;
    const text = bytes.toString('latin1', start + saysFrom, start + saysTo);
    return [{ at, time: at + (offsets[slot] ?? 0n), pid: tgid, comm, severity: 'warning', text }];
  };
  return {
    add: (line, move, offset) => {
      const slot = slotOf(count);
      line.copy(bytes, slot * LONGEST_LINE, move.from, move.to);
      moves[slot] = move;
      offsets[slot] = offset;
      count += 1;
    },
    count: () => count,
    said: (from, to) => {
      const lines: PassedLine[] = [];
      for (let index = from; index < to; index++) lines.push(...saidIn(slotOf(index)));
      return lines;
    },
    each: (from, use) => {
      for (let index = from; index < count; index++) {
        const slot = slotOf(index);
        const move = moves[slot];
        if (move !== undefined) use(bytes, slot * LONGEST_LINE, slot * LONGEST_LINE + move.to - move.from);
      }
    },
    clear: () => {
      count = 0;
    },
  };
};
