import { cellWidth } from './cells.js';
import { RESET } from './theme.js';

/**
 * What to write so that a terminal that shows `before` shows `after`: lines of equal width whose styles begin and end
 * within them (ui/line.ts), no style being on. What they have in common at either end is left as it is.
 */
export const changeOf = (before: readonly string[], after: readonly string[]): string =>
  after.map((line, row) => (line === before[row] ? '' : lineChange(row, before[row] ?? '', line))).join('');

const lineChange = (row: number, before: string, after: string): string => {
  const start = outside(after, sameStart(before, after));
  const shown = after.slice(0, start);
  const keep = sameEnd(before.slice(start), after.slice(start));
  const [oldEnd, end] = [before.length - keep, after.length - keep];
  const style = styleBefore(after, end);
  // What is kept has the style that is on there in both.
  const isKept =
    outside(after, end) === end && outside(before, oldEnd) === oldEnd && styleBefore(before, oldEnd) === style;
  const text = isKept ? after.slice(start, end) + (style === '' ? '' : RESET) : after.slice(start);
  return `\x1b[${row + 1};${cellWidth(shown.replace(STYLES, '')) + 1}H${styleBefore(after, start)}${text}`;
};

const STYLES = /\x1b\[[\d;]*m/g;

const sameStart = (one: string, other: string): number => {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  return at;
};

const sameEnd = (one: string, other: string): number => {
  const most = Math.min(one.length, other.length);
  let count = 0;
  while (count < most && one.charCodeAt(one.length - 1 - count) === other.charCodeAt(other.length - 1 - count))
    count += 1;
  return count;
};

/** A place, or where the escape sequence begins that it is in. */
const outside = (line: string, place: number): number => {
  const opening = line.slice(0, place).lastIndexOf('\x1b');
  return opening >= 0 && line.indexOf('m', opening) >= place ? opening : place;
};

/** The sequence that is on at a place outside of them; "" for none. */
const styleBefore = (line: string, place: number): string => {
  const last = line.slice(0, place).match(STYLES)?.at(-1) ?? RESET;
  return last === RESET ? '' : last;
};
