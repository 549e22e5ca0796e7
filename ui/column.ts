import type { Forecast } from '../src/model/verdict.js';
import type { Row } from './row.js';
import type { Word } from './words.js';

export type ColumnName =
  | 'pid'
  | 'comm'
  | 'abi'
  | 'state'
  | 'vdso'
  | 'hint'
  | 'vvar'
  | 'pages'
  | 'moves'
  | 'last'
  | 'dump'
  | 'finding';

/** A column of the table: what it shows, how wide, in which order its rows may be sorted. */
export interface Column {
  readonly name: ColumnName;
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Cells it needs to be shown at all, and the most it can use. */
  readonly least: number;
  readonly most: number;
  /** Instead of `least` where there is room: before columns of a higher rank are added. */
  readonly roomy?: number;
  /** Columns are dropped from the highest number down when the terminal is narrow. */
  readonly rank: number;
  readonly cell: (row: Row, context: CellContext) => Word;
  /** Ascending order; ties are broken by pid. Without it nothing can be sorted by this column. */
  readonly compare?: (a: Row, b: Row) => number;
  /** The direction one wants first: worst, newest and most come first. */
  readonly descending: boolean;
}

export interface CellContext {
  /** Boot clock, ns: ages are counted from here. */
  readonly now: bigint;
  readonly sharers: ReadonlyMap<string, readonly number[]>;
  /** What a dump would make of the process, where that is known already; absent where nobody can tell. */
  readonly forecastOf?: ((row: Row) => Forecast | undefined) | undefined;
}
