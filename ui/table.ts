import type { Forecast } from '../src/model/verdict.js';
import { fit, guard } from './cells.js';
import type { CellContext } from './column.js';
import { type Canvas, filledUp, line, type Span, span } from './line.js';
import { heading, type Placed, place } from './place.js';
import { hasExited, type Row } from './row.js';
import { glyphs, type Theme } from './theme.js';
import type { ViewState } from './view.js';
import { ageWord } from './words.js';

/** The line of column titles. */
export const titleLine = (view: ViewState, canvas: Canvas): string => {
  const { width, theme } = canvas;
  const { ellipsis } = glyphs(theme);
  const spans = place(width, view.can.foretell === true).flatMap((placed): readonly Span[] => [
    span(' '.repeat(placed.gap)),
    span(
      fit(heading(placed, view.sort, theme), placed.width, ellipsis, placed.column.align),
      placed.column.name === view.sort.column ? 'title' : 'dim',
    ),
  ]);
  return line([span(' '), ...spans], canvas);
};

/** The visible rows only: `rows` is the slice that is on the screen. */
export const tableLines = (
  rows: readonly Row[],
  height: number,
  selected: string | undefined,
  context: CellContext,
  canvas: Canvas,
): readonly string[] => {
  const columns = place(canvas.width, context.forecastOf !== undefined);
  const foretold = columns.some(({ column }) => column.name === 'dump');
  const lines = rows.slice(0, height).map((row) => {
    const forecast = foretold ? context.forecastOf?.(row) : undefined;
    return rowLine(row, forecast, row.process.key === selected, columns, context, canvas);
  });
  return filledUp(lines, height, canvas);
};

/** The line of a row as it was last drawn, and all that it was drawn from beside the row. */
interface Drawn {
  readonly line: string;
  readonly selected: boolean;
  readonly columns: readonly Placed[];
  readonly age: string;
  readonly sharers: readonly number[] | undefined;
  readonly forecast: Forecast | undefined;
  readonly theme: Theme;
}

/** Most visible rows are as they were a tenth of a second ago: their lines are kept as long as the rows are. */
const drawn = new WeakMap<Row, Drawn>();

const rowLine = (
  row: Row,
  forecast: Forecast | undefined,
  selected: boolean,
  columns: readonly Placed[],
  context: CellContext,
  canvas: Canvas,
): string => {
  const sharers = context.sharers.get(row.process.space);
  const age = ageWord(row.last, context.now);
  const last = drawn.get(row);
  if (
    last !== undefined &&
    last.selected === selected &&
    last.columns === columns &&
    last.age === age &&
    last.sharers === sharers &&
    last.forecast === forecast &&
    last.theme === canvas.theme
  ) {
    return last.line;
  }
  const now = drawRow(row, selected, columns, { ...context, forecastOf: () => forecast }, canvas);
  drawn.set(row, { line: now, selected, columns, age, sharers, forecast, theme: canvas.theme });
  return now;
};

const drawRow = (
  row: Row,
  selected: boolean,
  columns: readonly Placed[],
  context: CellContext,
  canvas: Canvas,
): string => {
  const { theme } = canvas;
  const { ellipsis, marker } = glyphs(theme);
  const spans = columns.flatMap(({ column, width, gap }): readonly Span[] => {
    const { text, style } = column.cell(row, context);
    const fitted = fit(guard(text, theme.unicode), width, ellipsis, column.align);
    const calm = hasExited(row) ? 'dim' : style;
    return [span(' '.repeat(gap)), { text: fitted, style: calm }];
  });
  return line([span(selected ? marker : ' '), ...spans], canvas, selected ? 'selected' : undefined);
};

/** "row 12 of 340", for a list longer than the screen. */
export const positionWord = (view: ViewState, height: number, total: number): string =>
  total > height ? `${view.cursor + 1}/${total}` : '';
