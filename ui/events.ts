import { type HistoryLine, isEverydayLife } from '../src/model/state.js';
import { printable } from '../src/text/escape.js';
import { fit, guard } from './cells.js';
import { type Canvas, filledUp, line, paragraph, rule, type Span, span } from './line.js';
import { glyphs, type Style } from './theme.js';
import { clockWord, severityMark, severityStyle } from './words.js';

/** The few newest events, newest at the bottom, under a rule: without everyday forks, execs and exits. */
export const eventLines = (recent: readonly HistoryLine[], height: number, canvas: Canvas): readonly string[] => {
  if (height <= 0) return [];
  const room = height - 1;
  const heading = [span('events', 'title'), span('  e: forks, execs and exits too', 'dim')];
  const lines = lastOf(recent, room, (entry) => !isEverydayLife(entry)).map((entry) => eventLine(entry, canvas));
  const hint = line([span('  '), span('nothing has touched a vDSO yet', 'dim')], canvas);
  const body = lines.length === 0 && room > 0 ? [hint] : lines;
  return [rule(heading, canvas), ...filledUp(body, room, canvas)];
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

/** Most lines have only moved up since the last frame: each is kept as long as its entry. */
const remembered = <T>(draw: (entry: HistoryLine, canvas: Canvas) => T) => {
  const drawn = new WeakMap<HistoryLine, { readonly made: T; readonly on: Canvas }>();
  return (entry: HistoryLine, canvas: Canvas): T => {
    const last = drawn.get(entry);
    if (last !== undefined && isSame(last.on, canvas)) return last.made;
    const made = draw(entry, canvas);
    drawn.set(entry, { made, on: canvas });
    return made;
  };
};

const isSame = (one: Canvas, other: Canvas): boolean => one.width === other.width && one.theme === other.theme;

/** One line of it. */
const eventLine = remembered((entry, canvas) =>
  line([...leadSpans(entry, canvas), span(entry.text, textStyle(entry))], canvas),
);

/** As many lines as it takes. */
export const wholeEvent = remembered((entry, canvas) =>
  paragraph(leadSpans(entry, canvas), entry.text, canvas, textStyle(entry)),
);

const leadSpans = (entry: HistoryLine, { width, theme }: Canvas): readonly Span[] => {
  const narrow = width < 60;
  return [
    ...(narrow ? [span(' ')] : [span(`${clockWord(entry.at).padStart(12)} `, 'dim')]),
    mark(entry),
    span((entry.pid === 0 ? '' : String(entry.pid)).padStart(8)),
    span(' '),
    span(fit(guard(printable(entry.comm), theme.unicode), narrow ? 10 : 15, glyphs(theme).ellipsis)),
    span(' '),
  ];
};

const textStyle = ({ severity }: HistoryLine): Style | undefined =>
  severityStyle(severity === 'info' ? undefined : severity);

/** History of one address space, newest first, long lines broken: for the detail. */
export const historyLines = (history: readonly HistoryLine[], canvas: Canvas): readonly string[] =>
  [...history].reverse().flatMap((entry) => {
    const lead = [span(`${clockWord(entry.at).padStart(12)} `, 'dim'), mark(entry), span(` ${entry.pid} `)];
    return paragraph(lead, entry.text, canvas);
  });

const mark = (entry: HistoryLine): Span => {
  const { text, style } = severityMark(entry.severity);
  return { text, style };
};
