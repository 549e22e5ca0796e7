import type { Column, ColumnName } from './column.js';
import { COLUMNS } from './columns.js';
import { glyphs, type Theme } from './theme.js';

export interface Placed {
  readonly column: Column;
  readonly width: number;
  /** Blank cells before it. */
  readonly gap: number;
}

/**
 * Which columns fit into `width` cells, and how wide each is; that of the forecast only where there are any. One cell is
 * taken by the marker at the left.
 */
export const place = (width: number, foretell: boolean): readonly Placed[] => {
  const placed = foretell ? WITH_FORECAST : WITHOUT_FORECAST;
  const known = placed.get(width);
  if (known !== undefined) return known;
  const fresh = placing(width, foretell);
  // One width, two while a detail is open: more only while a window is being dragged.
  if (placed.size > 20) placed.clear();
  placed.set(width, fresh);
  return fresh;
};

/** By width, kept: the same array means the same columns to who draws a row (table.ts). */
const WITH_FORECAST = new Map<number, readonly Placed[]>();
const WITHOUT_FORECAST = new Map<number, readonly Placed[]>();

const placing = (width: number, foretell: boolean): readonly Placed[] => {
  const gap = width >= 110 ? 2 : 1;
  const least = (column: Column): number => (width >= 100 ? (column.roomy ?? column.least) : column.least);
  const chosen = new Set<Column>();
  let left = width - 1;
  const possible = COLUMNS.filter(({ name }) => foretell || name !== 'dump');
  for (const column of possible.sort((a, b) => a.rank - b.rank)) {
    const needed = least(column) + (chosen.size === 0 ? 0 : gap);
    if (needed > left && chosen.size > 0) break;
    chosen.add(column);
    left -= needed;
  }
  // What is left over goes to the columns that gain most by it, in this order.
  const widths = new Map([...chosen].map((column) => [column.name, least(column)]));
  for (const name of ['comm', 'finding', 'state', 'hint', 'abi', 'last', 'moves', 'pages'] as const) {
    const column = COLUMNS.find((candidate) => candidate.name === name);
    const now = widths.get(name);
    if (column === undefined || now === undefined) continue;
    const grown = Math.max(0, Math.min(left, column.most - now));
    widths.set(name, now + grown);
    left -= grown;
  }
  const finding = widths.get('finding');
  if (finding !== undefined) widths.set('finding', finding + left);
  return COLUMNS.filter((column) => chosen.has(column)).map((column, index) => ({
    column,
    width: Math.min(widths.get(column.name) ?? column.least, Math.max(0, width - 1)),
    gap: index === 0 ? 0 : gap,
  }));
};

/** "PID▲": the title, with the sort direction where it is sorted by this column; never wider than the column. */
export const heading = (
  { column, width }: Placed,
  sort: { column: ColumnName; descending: boolean },
  theme: Theme,
): string => {
  if (column.name !== sort.column) return column.title;
  const { ascending, descending } = glyphs(theme);
  return `${column.title.slice(0, Math.max(0, width - 1))}${sort.descending ? descending : ascending}`;
};
