import type { HistoryLine } from '../src/model/state.js';
import { printable } from '../src/text/escape.js';
import { fit, guard } from './cells.js';
import { line, paragraph, rule, type Span, span } from './line.js';
import { glyphs, type Theme } from './theme.js';
import { clockWord, isEverydayLife, severityMark, severityStyle } from './words.js';

/**
 * The newest events, newest at the bottom, under a rule. The few lines of the tail leave out everyday forks, execs and
 * exits; `full` has everything. `back`: how many lines back from the newest.
 */
export const eventLines = (
  recent: readonly HistoryLine[],
  height: number,
  width: number,
  full: boolean,
  back: number,
  theme: Theme,
): readonly string[] => {
  if (height <= 0) return [];
  const room = height - 1;
  const wanted = full ? recent : lastOf(recent, room, (entry) => !isEverydayLife(entry));
  const end = wanted.length - clampBack(back, wanted.length, room);
  const shown = wanted.slice(Math.max(0, end - room), end);
  const newer = wanted.length - end;
  const aside = full ? (newer > 0 ? `${newer} newer below` : '') : 'e: forks, execs and exits too';
  const heading = [span('events', 'title'), ...(aside === '' ? [] : [span(`  ${aside}`, 'dim')])];
  const lines = shown.map((entry) => eventLine(entry, width, theme));
  const hint = line([span('  '), span('nothing has touched a vDSO yet', 'dim')], width, theme);
  const empty = line([], width, theme);
  const body = lines.length === 0 && room > 0 ? [hint] : lines;
  const blanks = Array.from({ length: Math.max(0, room - body.length) }, () => empty);
  return [rule(heading, width, theme), ...body, ...blanks];
};

/** The last `count` entries that are wanted, in their order. */
const lastOf = (
  recent: readonly HistoryLine[],
  count: number,
  isWanted: (entry: HistoryLine) => boolean,
): readonly HistoryLine[] => {
  const found: HistoryLine[] = [];
  for (let index = recent.length - 1; index >= 0 && found.length < count; index -= 1) {
    const entry = recent[index];
    if (entry !== undefined && isWanted(entry)) found.push(entry);
  }
  return found.reverse();
};

export const clampBack = (back: number, total: number, room: number): number =>
  Math.max(0, Math.min(back, total - room));

/** Most lines have only moved up since the last frame: each is kept as long as its entry. */
const drawn = new WeakMap<HistoryLine, { readonly line: string; readonly width: number; readonly theme: Theme }>();

const eventLine = (entry: HistoryLine, width: number, theme: Theme): string => {
  const last = drawn.get(entry);
  if (last !== undefined && last.width === width && last.theme === theme) return last.line;
  const made = drawEvent(entry, width, theme);
  drawn.set(entry, { line: made, width, theme });
  return made;
};

const drawEvent = (entry: HistoryLine, width: number, theme: Theme): string => {
  const narrow = width < 60;
  return line(
    [
      ...(narrow ? [span(' ')] : [span(`${clockWord(entry.at).padStart(12)} `, 'dim')]),
      mark(entry),
      span(String(entry.pid).padStart(8)),
      span(' '),
      span(fit(guard(printable(entry.comm), theme.unicode), narrow ? 10 : 15, glyphs(theme).ellipsis)),
      span(' '),
      span(entry.text, severityStyle(entry.severity === 'info' ? undefined : entry.severity)),
    ],
    width,
    theme,
  );
};

/** History of one address space, newest first, long lines broken: for the detail. */
export const historyLines = (history: readonly HistoryLine[], width: number, theme: Theme): readonly string[] =>
  [...history].reverse().flatMap((entry) => {
    const lead = [span(`${clockWord(entry.at).padStart(12)} `, 'dim'), mark(entry), span(` ${entry.pid} `)];
    return paragraph(lead, entry.text, width, theme);
  });

const mark = (entry: HistoryLine): Span => {
  const { text, style } = severityMark(entry.severity);
  return { text, style };
};
