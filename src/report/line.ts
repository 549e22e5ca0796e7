import { type HistoryLine, TRACER } from '../model/state.js';
import { printable } from '../text/escape.js';
import { timeOfDay, type WallOffset } from '../text/time-of-day.js';

/**
 * One event or finding as one line, without its end:
 * "15:04:05.123 warning 4711 sleep: mremap(...) = 0x7f...: vDSO moved from 0x7f... to 0x7e...". UTC; the time of the
 * event, not of its printing. Nothing in it can end the line or drive a terminal: comm is escaped, all else is ours.
 */
export const lineText = (line: HistoryLine, offset: WallOffset): string => {
  const who = line.pid === 0 ? TRACER : `${line.pid} ${printable(line.comm)}`;
  return `${timeOfDay(line.at, offset)} ${line.severity.padEnd(7)} ${who}: ${line.text}`;
};
