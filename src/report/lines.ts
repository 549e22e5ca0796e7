import type { HistoryLine } from '../model/state.js';
import { printable } from '../text/escape.js';
import { eventLine } from './event-json.js';
import { lineText, type WallOffset } from './line.js';

/** The face without a terminal: every event and finding as one line, for people or for machines. */
export interface LineFace {
  /** Lines without their ends. */
  readonly lines: (lines: readonly HistoryLine[], offset: WallOffset) => readonly string[];
  /** The line that says how many are missing here. */
  readonly leftOut: (count: number, at: bigint, offset: WallOffset) => string;
}

export interface LineChoice {
  readonly machine: boolean;
  readonly pid?: readonly number[] | undefined;
  readonly comm?: string | undefined;
}

export const lineFace = ({ machine, pid, comm }: LineChoice): LineFace => {
  const print = (line: HistoryLine, offset: WallOffset): string =>
    machine ? JSON.stringify(eventLine(line, offset)) : lineText(line, offset);
  const wanted = (line: HistoryLine): boolean =>
    isTracers(line) ||
    ((pid === undefined || pid.includes(line.pid) || (line.target !== undefined && pid.includes(line.target))) &&
      (comm === undefined || printable(line.comm) === comm));
  return {
    lines: (lines, offset) => lines.filter(wanted).map((line) => print(line, offset)),
    leftOut: (count, at, offset) =>
      print({ ...NOTE, at, text: `${count} lines are missing here: the reader of this output is too slow` }, offset),
  };
};

/** What vdsowatch says about itself. */
const isTracers = (line: HistoryLine): boolean => line.pid === 0;

const NOTE = {
  pid: 0,
  comm: 'vdsowatch',
  space: '',
  severity: 'warning',
  event: undefined,
  finding: undefined,
} as const;
