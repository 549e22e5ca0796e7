import type { HistoryLine } from '../model/state.js';
import { timeOf } from './move-line.js';
import type { MoveLine } from './move-pattern.js';

/** What was said of a move that was passed over. */
export interface PassedLine {
  readonly line: Pick<HistoryLine, 'at' | 'pid' | 'comm' | 'severity' | 'text'>;
  /** Time of day, Unix, ns. */
  readonly time: bigint;
}

/** Moves that were passed over, all right before the event that follows: what of them is known. */
export interface PassedOver {
  readonly kind: 'passed';
  readonly count: number;
  /** Lines of the oldest and of the newest of them, in order; none is in both. */
  readonly oldest: readonly PassedLine[];
  readonly newest: readonly PassedLine[];
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
  /** What the lines [from, to) of that process say, as far as they are kept. */
  readonly said: (from: number, to: number, pid: number) => readonly PassedLine[];
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
  // No objects: they would live just long enough to be moved to the old ones, and be garbage there.
  const [lengths, saysFrom, saysTo] = [new Uint16Array(slots), new Uint16Array(slots), new Uint16Array(slots)];
  const comms = new Array<string>(slots).fill('');
  const offsets = new Array<bigint>(slots).fill(0n);
  let count = 0;
  /** The first ones keep their slots, the others go round in the rest. */
  const slotOf = (index: number): number => (index < oldest ? index : oldest + ((index - oldest) % (slots - oldest)));
  const saidIn = (slot: number, pid: number): PassedLine => {
    const start = slot * LONGEST_LINE;
    const at = timeOf(bytes, start, start + (lengths[slot] ?? 0));
    const text = bytes.toString('latin1', start + (saysFrom[slot] ?? 0), start + (saysTo[slot] ?? 0));
    const line = { at, pid, comm: comms[slot] ?? '', severity: 'warning', text } as const;
    return { line, time: at + (offsets[slot] ?? 0n) };
  };
  return {
    add: (line, move, offset) => {
      const slot = slotOf(count);
      line.copy(bytes, slot * LONGEST_LINE, move.from, move.to);
      lengths[slot] = move.to - move.from;
      saysFrom[slot] = move.saysFrom - move.from;
      saysTo[slot] = move.saysTo - move.from;
      comms[slot] = move.comm;
      offsets[slot] = offset;
      count += 1;
    },
    count: () => count,
    said: (from, to, pid) => {
      const lines: PassedLine[] = [];
      for (let index = from; index < to; index++) lines.push(saidIn(slotOf(index), pid));
      return lines;
    },
    each: (from, use) => {
      for (let index = from; index < count; index++) {
        const slot = slotOf(index);
        use(bytes, slot * LONGEST_LINE, slot * LONGEST_LINE + (lengths[slot] ?? 0));
      }
    },
    clear: () => {
      count = 0;
    },
  };
};
