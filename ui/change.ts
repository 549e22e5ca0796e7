import { cellWidth } from './cells.js';

/**
 * What to write so that a terminal that shows `before` shows `after`: lines of equal width whose styles begin and end
 * within them (ui/line.ts), no style being on. What they have in common at either end is left as it is.
 */
export const changeOf = (before: readonly string[], after: readonly string[]): string =>
  after.map((line, row) => (line === before[row] ? '' : lineChange(row, before[row] ?? '', line))).join('');

const lineChange = (row: number, before: string, after: string): string => {
  const start = styled(after, sameStart(before, after));
  const rest = after.slice(start.at);
  const keep = sameEnd(before.slice(start.at), rest);
  const style = styleAt(after, after.length - keep);
  // What is kept has the style that is on there in both.
  const isKept = style !== undefined && style === styleAt(before, before.length - keep);
  const text = isKept ? rest.slice(0, rest.length - keep) + (style === '' ? '' : RESET) : rest;
  return `\x1b[${row + 1};${cellWidth(start.text) + 1}H${start.style}${text}`;
};

const RESET = '\x1b[m';

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

interface Place {
  /** The place asked for, or where the escape sequence begins that it is in. */
  readonly at: number;
  /** The sequence that is on there; "" for none. */
  readonly style: string;
  /** What is shown before it. */
  readonly text: string;
}

const styled = (line: string, place: number): Place => {
  let style = '';
  let text = '';
  for (let from = 0; ; ) {
    const opening = line.indexOf('\x1b', from);
    const end = line.indexOf('m', opening) + 1;
    if (opening < 0 || end > place) {
      const at = opening < 0 ? place : Math.min(place, opening);
      return { at, style, text: text + line.slice(from, at) };
    }
    text += line.slice(from, opening);
    const sequence = line.slice(opening, end);
    style = sequence === RESET ? '' : sequence;
    from = end;
  }
};

/** undefined: that is within an escape sequence. */
const styleAt = (line: string, place: number): string | undefined => {
  const { at, style } = styled(line, place);
  return at === place ? style : undefined;
};
