import type { PageSet } from '../src/judge/baseline.js';
import type { WatchState } from '../src/model/state.js';
import { allEvents } from './all-events.js';
import { detailLines, detailRule } from './detail.js';
import { eventLines } from './events.js';
import { footerLine } from './footer.js';
import type { Forecasts } from './forecasts.js';
import { type Geometry, geometry, type Size } from './geometry.js';
import { emptyLine, headerLines, noteLine } from './header.js';
import { helpLines, helpRule } from './help.js';
import { type Canvas, filledUp, line, span } from './line.js';
import { indexIn, type Listing, list } from './listing.js';
import { pageSetLines, pageSetRule } from './page-sets.js';
import type { Row } from './row.js';
import { positionWord, tableLines, titleLine } from './table.js';
import { glyphs, PLAIN_THEME, type Theme } from './theme.js';
import type { ViewState } from './view.js';

/** What was drawn, and the view as it is after the list and the size have been taken into account. */
export interface Drawn {
  readonly lines: readonly string[];
  readonly view: ViewState;
}

/** The screen as `size.rows` strings of exactly `size.cols` cells. Pure: the same arguments, the same strings. */
export const frame = (state: WatchState, view: ViewState, size: Size, theme: Theme = PLAIN_THEME): readonly string[] =>
  draw({ state, listing: list(state, view), pageSets: noPageSets }, view, size, theme).lines;

/** What there is to show. */
export interface Shown {
  readonly state: WatchState;
  readonly listing: Listing;
  /** Called only while the page-set page is open: it costs. */
  readonly pageSets: () => readonly PageSet[];
  /** Where a living process runs; of a recording nobody knows. Asked for only while a detail is open. */
  readonly placeOf?: (row: Row) => string | undefined;
  readonly forecasts?: Forecasts;
}

const noPageSets = (): readonly PageSet[] => [];

/** As `frame`, with the listing given (it is the costly part), and the settled view given back. */
export const draw = (shown: Shown, asked: ViewState, size: Size, theme: Theme): Drawn => {
  const { state, listing } = shown;
  const shape = geometry(size, asked, state.tracer.notes.length > 0, listing.rows.length);
  const chosen = choose(asked, listing, shape.table);
  const canvas: Canvas = { width: size.cols, theme };
  const { lines: body, view } = drawBody(shown, chosen, shape, canvas);
  const lines = [
    ...headerLines(state, view, listing, shape, canvas),
    ...(shape.notes > 0 ? [noteLine(state, canvas)] : []),
    ...body,
    ...(shape.footer > 0
      ? [footerLine(view, shape.table > 0 ? positionWord(view, shape.table, listing.rows.length) : '', canvas)]
      : []),
  ];
  return { lines, view };
};

const drawBody = (shown: Shown, view: ViewState, shape: Geometry, canvas: Canvas): Drawn => {
  const { state, listing } = shown;
  if (shape.page > 0) {
    const help = view.page === 'help';
    const head = help ? helpRule(canvas) : pageSetRule(canvas);
    const all = help ? helpLines(state, view, canvas) : pageSetLines(shown.pageSets(), canvas);
    const page = scrolled(all, view.pageTop, shape.page - 1, canvas);
    return { lines: [head, ...page.lines], view: { ...view, pageTop: page.top } };
  }
  if (view.events === 'full') {
    const events = allEvents(state.recent, view, shape.events, canvas);
    return { lines: events.lines, view: { ...view, ...events.view } };
  }
  const forecastOf = view.can.foretell === true ? shown.forecasts?.ofRow : undefined;
  const context = { now: state.now, sharers: listing.sharers, forecastOf };
  const rows = listing.rows.slice(view.top, view.top + shape.table);
  const selected = listing.rows[view.cursor];
  const tableCanvas = { ...canvas, width: shape.tableCols };
  const detailCanvas = { ...canvas, width: shape.detailCols };
  const titles = shape.titles > 0 ? [titleLine(view, tableCanvas)] : [];
  const filled = tableLines(rows, shape.table, selected?.process.key, context, tableCanvas);
  const table =
    listing.rows.length === 0 && shape.table > 0 ? [emptyLine(view, state, tableCanvas), ...filled.slice(1)] : filled;

  let settled = view;
  let detail: readonly string[] = [];
  if (shape.detail > 0) {
    const place = selected === undefined ? undefined : shown.placeOf?.(selected);
    const told = selected === undefined ? undefined : shown.forecasts?.ofDetail(selected);
    const all = selected === undefined ? [] : detailLines(selected, told, state, listing, detailCanvas, place);
    const part = scrolled(all, view.detailTop, shape.detail - 1, detailCanvas);
    detail = [detailRule(selected, detailCanvas), ...part.lines];
    settled = { ...settled, detailTop: part.top };
  }
  const events = eventLines(state.recent, shape.events, canvas);
  const above = [...titles, ...table];
  if (!shape.beside) return { lines: [...above, ...detail, ...events], view: settled };
  const bar = line([span(glyphs(canvas.theme).bar, 'dim')], { ...canvas, width: 1 });
  const joined = above.map((left, index) => `${left}${bar}${detail[index] ?? ''}`);
  return { lines: [...joined, ...events], view: settled };
};

/** A window of `height` lines, filled up with empty ones; `top` brought back into what there is. */
const scrolled = (
  all: readonly string[],
  top: number,
  height: number,
  canvas: Canvas,
): { readonly lines: readonly string[]; readonly top: number } => {
  const room = Math.max(0, height);
  const from = Math.max(0, Math.min(top, all.length - room));
  return { lines: filledUp(all.slice(from, from + room), room, canvas), top: from };
};

/**
 * Which row is chosen and which is the first visible one. The chosen process keeps being chosen wherever sorting
 * puts it; when it has left the list, the row that took its place is chosen.
 */
const choose = (view: ViewState, listing: Listing, height: number): ViewState => {
  const count = listing.rows.length;
  const found = view.selected === undefined ? 0 : indexIn(listing, view.selected, view.cursor);
  const cursor = Math.max(0, Math.min(found >= 0 ? found : view.cursor, count - 1));
  const selected = view.selected === undefined || found >= 0 ? view.selected : listing.rows[cursor]?.process.key;
  if (height <= 0) return { ...view, selected, cursor };
  const lowest = Math.max(0, cursor - height + 1);
  const top = Math.max(lowest, Math.min(view.top, cursor, Math.max(0, count - height)));
  return { ...view, selected, cursor, top };
};
