import { type HistoryLine, TRACER } from '../model/state.js';
import { printable } from '../text/escape.js';
import { timeOfDay, type WallOffset } from '../text/time-of-day.js';
import { type Choice, isChosenLine } from './chosen.js';
import { eventLine } from './event-json.js';

/** The face without a terminal: every event and finding as one line, for people or for machines. */
export interface LineFace {
  /** Lines without their ends. */
  readonly lines: (lines: readonly HistoryLine[], offset: WallOffset) => readonly string[];
  /** The line that says how many are missing here. */
  readonly leftOut: (count: number, at: bigint, offset: WallOffset) => string;
}

export interface LineChoice extends Choice {
  readonly machine: boolean;
}

/** `machine`: JSON, one document a line; otherwise for people. */
export const lineFace = ({ machine, ...choice }: LineChoice): LineFace => {
  const print = (line: HistoryLine, offset: WallOffset): string =>
    machine ? JSON.stringify(eventLine(line, offset)) : lineText(line, offset);
  const wanted = isChosenLine(choice);
  return {
    lines: (lines, offset) => lines.filter(wanted).map((line) => print(line, offset)),
    leftOut: (count, at, offset) =>
      print({ ...NOTE, at, text: `${count} lines are missing here: the reader of this output is too slow` }, offset),
  };
};

const NOTE = {
  pid: 0,
  comm: TRACER,
  space: '',
  severity: 'warning',
  event: undefined,
  finding: undefined,
} as const;

/**
 * One event or finding as one line, without its end:
 * "15:04:05.123 warning 4711 sleep: mremap(...) = 0x7f...: vDSO moved from 0x7f... to 0x7e...". UTC; the time of the
 * event, not of its printing. Nothing in it can end the line or drive a terminal: comm is escaped, all else is ours.
 */
export const lineText = (line: HistoryLine, offset: WallOffset): string => {
  const who = line.pid === 0 ? TRACER : `${line.pid} ${printable(line.comm)}`;
  return `${timeOfDay(line.at, offset)} ${line.severity.padEnd(7)} ${who}: ${line.text}`;
};
