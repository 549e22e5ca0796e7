import type { ViewState } from './view.js';

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** How many lines each part gets. The sum of a column of parts is `size.rows`, whatever the size. */
export interface Geometry {
  readonly header: number;
  readonly notes: number;
  /** Column titles. */
  readonly titles: number;
  readonly table: number;
  /** Rule with the heading included. */
  readonly detail: number;
  readonly events: number;
  /** Help, page sets: instead of table, detail and events. */
  readonly page: number;
  readonly footer: number;
  /** The detail stands at the right of the table instead of below. */
  readonly beside: boolean;
  readonly tableCols: number;
  readonly detailCols: number;
}

/** From here on there is room for table and detail side by side. */
const BESIDE_COLS = 150;

/** Fewer than these the table is never, so that a process more or less moves nothing. */
const FEW_ROWS = 4;

/** `listed`: processes in the list; what few of them leave free under them is the detail's. */
export const geometry = (size: Size, view: ViewState, notes: boolean, listed = Number.POSITIVE_INFINITY): Geometry => {
  const rows = Math.max(0, size.rows);
  const header = rows >= 12 ? 2 : rows >= 4 ? 1 : 0;
  const footer = rows >= 8 || (view.prompt !== undefined && rows >= 2) ? 1 : 0;
  const noteLines = notes && !view.notesSeen && rows >= 14 ? 1 : 0;
  const body = rows - header - noteLines - footer;
  const base = { header, notes: noteLines, footer, beside: false, tableCols: size.cols, detailCols: size.cols };
  const none = { titles: 0, table: 0, detail: 0, events: 0, page: 0 };

  if (view.page !== 'processes') return { ...base, ...none, page: body };
  if (view.events === 'full') return { ...base, ...none, events: body };
  if (view.detail === 'full' || (view.detail === 'open' && body < 14)) return { ...base, ...none, detail: body };

  const titles = body >= 4 ? 1 : 0;
  const tail = view.events === 'tail' ? tailRows(body, view.detail === 'open' && size.cols < BESIDE_COLS) : 0;
  const rest = body - tail - titles;
  if (view.detail === 'closed') return { ...base, ...none, titles, table: rest, events: tail };
  if (size.cols >= BESIDE_COLS) {
    const detailCols = Math.floor((size.cols - 1) * 0.46);
    const beside = { beside: true, detailCols, tableCols: size.cols - 1 - detailCols };
    return { ...base, ...none, ...beside, titles, table: rest, detail: rest + titles, events: tail };
  }
  const detail = Math.max(Math.round(rest * 0.62), rest - Math.max(FEW_ROWS, listed));
  return { ...base, ...none, titles, table: rest - detail, detail, events: tail };
};

const tailRows = (body: number, crowded: boolean): number => {
  if (body < (crowded ? 26 : 13)) return 0;
  return Math.min(crowded ? 6 : 10, Math.floor(body / 4));
};
