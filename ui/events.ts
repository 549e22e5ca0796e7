import type { HistoryLine } from '../src/model/state.js';
import { printable } from '../src/text/escape.js';
import { fit, guard } from './cells.js';
import { hasWords, wordsOf } from './filter.js';
import { line, paragraph, rule, type Span, span } from './line.js';
import { glyphs, type Theme } from './theme.js';
import { clockWord, countWord, isEverydayLife, severityMark, severityStyle } from './words.js';

/** What there is to show of the events, and where in it one is. */
export interface EventWindow {
  /** The few lines of the tail leave out everyday forks, execs and exits; over the whole screen there is everything. */
  readonly full: boolean;
  /** Lines back from the newest. */
  readonly back: number;
  readonly filter: string;
  readonly onlyFindings: boolean;
}

/** The newest events, newest at the bottom, under a rule. */
export const eventLines = (
  recent: readonly HistoryLine[],
  height: number,
  width: number,
  window: EventWindow,
  theme: Theme,
): readonly string[] => {
  if (height <= 0) return [];
  const room = height - 1;
  const { full } = window;
  const wanted = full ? wantedEvents(recent, window) : lastOf(recent, room, (entry) => !isEverydayLife(entry));
  const end = wanted.length - clampBack(full ? window.back : 0, wanted.length, room);
  const shown = wanted.slice(Math.max(0, end - room), end);
  const heading = [span('events', 'title'), ...asides(window, recent, wanted, end).map((text) => span(text, 'dim'))];
  const lines = shown.map((entry) => eventLine(entry, width, theme));
  const nothing = full && recent.length > 0 ? 'no event matches (Esc shows all)' : 'nothing has touched a vDSO yet';
  const hint = line([span('  '), span(nothing, 'dim')], width, theme);
  const empty = line([], width, theme);
  const body = lines.length === 0 && room > 0 ? [hint] : lines;
  const blanks = Array.from({ length: Math.max(0, room - body.length) }, () => empty);
  return [rule(heading, width, theme), ...body, ...blanks];
};

/** Over the whole screen the filter is for the events: pid, name and what is said; only findings: what tells of one. */
export const wantedEvents = (
  recent: readonly HistoryLine[],
  { filter, onlyFindings }: Pick<EventWindow, 'filter' | 'onlyFindings'>,
): readonly HistoryLine[] => {
  const words = wordsOf(filter);
  if (words.length === 0 && !onlyFindings) return recent;
  return recent.filter((entry) => {
    if (onlyFindings && entry.finding === undefined && entry.severity === 'info') return false;
    return hasWords(`${entry.pid} ${printable(entry.comm)} ${entry.text}`.toLowerCase(), words);
  });
};

const asides = (
  { full }: EventWindow,
  recent: readonly HistoryLine[],
  wanted: readonly HistoryLine[],
  end: number,
): readonly string[] => {
  if (!full) return ['  e: forks, execs and exits too'];
  const narrowed = wanted === recent ? [] : [`  ${countWord(wanted.length)} of ${countWord(recent.length)}`];
  const newer = wanted.length - end;
  return newer > 0 ? [...narrowed, `  ${countWord(newer)} newer below`] : narrowed;
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
