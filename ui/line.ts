import { cellWidth, cut, guard, wrap } from './cells.js';
import { glyphs, RESET, type Style, sgr, type Theme } from './theme.js';

/** What lines are drawn on: how many cells each has, and what the terminal can show in them. */
export interface Canvas {
  readonly width: number;
  readonly theme: Theme;
}

/** A piece of text in one style. Text may be anything: it is guarded when the line is made. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export const span = (text: string, style?: Style): Span => ({ text, style });

/**
 * One line, exactly as wide as the canvas. Styles start and end within it, so that lines can be put side by side.
 * `base` paints the whole line in one style and mutes those of the spans (the selected row).
 */
export const line = (spans: readonly Span[], canvas: Canvas, base?: Style): string => {
  const { width, theme } = canvas;
  if (width <= 0) return '';
  const shown = shorten(guarded(spans, theme), width, glyphs(theme).ellipsis);
  let out = '';
  let used = 0;
  let active = '';
  for (const { text, style } of [...shown, { text: '', style: undefined }]) {
    used += cellWidth(text);
    const wanted = sgr(base ?? style, theme);
    if (wanted !== active) {
      if (active !== '') out += RESET;
      out += wanted;
      active = wanted;
    }
    out += text;
  }
  out += ' '.repeat(Math.max(0, width - used));
  return active === '' ? out : `${out}${RESET}`;
};

/** `lines`, and empty ones under them until there are `height`. */
export const filledUp = (lines: readonly string[], height: number, canvas: Canvas): readonly string[] => {
  const empty = line([], canvas);
  return [...lines, ...Array.from({ length: Math.max(0, height - lines.length) }, () => empty)];
};

/** `left` and `right` at the two ends of one line; the right end is kept when both do not fit, up to `share` of it. */
export const ends = (left: readonly Span[], right: readonly Span[], canvas: Canvas, share = 0.6): string => {
  const { width, theme } = canvas;
  const room = Math.max(0, Math.floor(width * share));
  const { ellipsis } = glyphs(theme);
  const leftSpans = guarded(left, theme);
  const rightFull = guarded(right, theme);
  const rightWidth = widthOf(rightFull);
  const spare = width - widthOf(leftSpans) - 1;
  const kept = shorten(rightFull, rightWidth <= spare ? rightWidth : Math.max(room, spare), ellipsis);
  const keptWidth = widthOf(kept);
  if (keptWidth === 0) return line(leftSpans, canvas);
  const leftWidth = Math.max(0, width - keptWidth - 1);
  const start = shorten(leftSpans, leftWidth, ellipsis);
  const blank = ' '.repeat(Math.max(0, width - keptWidth - widthOf(start)));
  return line([...start, span(blank), ...kept], canvas);
};

/** A horizontal rule with a heading in it. */
export const rule = (heading: readonly Span[], canvas: Canvas): string => {
  const { width, theme } = canvas;
  const mark = glyphs(theme).rule;
  const inner = guarded(heading, theme);
  const lead = span(`${mark}${mark} `, 'dim');
  const tail = Math.max(0, width - 4 - widthOf(inner));
  return line([lead, ...inner, span(` ${mark.repeat(tail)}`, 'dim')], canvas);
};

/** More than this of one text nobody reads; a command line may have megabytes. */
export const LONGEST = 4000;

/** Text broken into lines as wide as the canvas, with `first` before the first line and `others`, or as many blanks, before the others. */
export const paragraph = (
  first: readonly Span[],
  text: string,
  canvas: Canvas,
  style?: Style,
  others?: readonly Span[],
): readonly string[] => {
  const { width, theme } = canvas;
  const lead = guarded(first, theme);
  const indent = widthOf(lead);
  const next = others ?? [span(' '.repeat(indent))];
  const room = Math.max(12, width - indent);
  const bounded = text.length > LONGEST ? `${text.slice(0, LONGEST)} ... and ${text.length - LONGEST} more` : text;
  return wrap(guard(bounded, theme.unicode), room).map((part, index) =>
    line([...(index === 0 ? lead : next), span(part, style)], canvas),
  );
};

/** Do both fit, with a blank between? */
export const fits = (left: readonly Span[], right: readonly Span[], { width, theme }: Canvas): boolean =>
  widthOf(guarded(left, theme)) + 1 + widthOf(guarded(right, theme)) <= width;

const guarded = (spans: readonly Span[], theme: Theme): readonly Span[] =>
  spans.map(({ text, style }) => ({ text: guard(text, theme.unicode), style }));

const widthOf = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + cellWidth(text), 0);

const shorten = (spans: readonly Span[], width: number, ellipsis: string): readonly Span[] => {
  if (widthOf(spans) <= width) return spans;
  const kept: Span[] = [];
  let room = width;
  for (const [index, piece] of spans.entries()) {
    const wide = cellWidth(piece.text);
    // The last cell is for the ellipsis, unless this very piece ends the line.
    if (wide < room || (wide === room && widthOf(spans.slice(index + 1)) === 0)) {
      kept.push(piece);
      room -= wide;
      continue;
    }
    // `x` stands for what comes after: without it a piece that just fits would hide that something is missing.
    kept.push({ ...piece, text: cut(`${piece.text}x`, room, ellipsis) });
    break;
  }
  return kept;
};
