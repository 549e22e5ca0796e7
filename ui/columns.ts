import type { Row } from './row.js';
import { ageWord, type Word } from './words.js';

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
  | 'finding';

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
  /** Ascending order; ties are broken by pid. */
  readonly compare: (a: Row, b: Row) => number;
  /** The direction one wants first: worst, newest and most come first. */
  readonly descending: boolean;
}

export interface CellContext {
  /** Boot clock, ns: ages are counted from here. */
  readonly now: bigint;
  readonly sharers: ReadonlyMap<string, readonly number[]>;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byAddress = (a: bigint | undefined, b: bigint | undefined): number => {
  const first = a ?? -1n;
  const second = b ?? -1n;
  return first < second ? -1 : first > second ? 1 : 0;
};

/** The longest finding code and a count after it; more only when nobody else needs the cells. */
const FINDING_ENOUGH = 24;

/** In the order they stand on the screen. Widths come from what the kernel can print: 7 digits of pid, 15 of comm. */
export const COLUMNS: readonly Column[] = [
  {
    name: 'pid',
    title: 'PID',
    align: 'right',
    least: 7,
    most: 7,
    rank: 0,
    cell: (row) => ({ text: String(row.pid) }),
    compare: (a, b) => a.pid - b.pid,
    descending: false,
  },
  {
    name: 'comm',
    title: 'COMM',
    align: 'left',
    least: 9,
    roomy: 15,
    most: 15,
    rank: 1,
    cell: (row) => ({ text: row.comm }),
    compare: (a, b) => byText(a.comm, b.comm),
    descending: false,
  },
  {
    name: 'abi',
    title: 'ABI',
    align: 'left',
    least: 7,
    most: 8,
    rank: 9,
    cell: (row) => ({ text: row.abi }),
    compare: (a, b) => byText(a.abi, b.abi),
    descending: false,
  },
  {
    name: 'state',
    title: 'STATE',
    align: 'left',
    least: 12,
    roomy: 16,
    most: 16,
    rank: 2,
    cell: (row) => row.state,
    compare: (a, b) => byText(a.state.text, b.state.text),
    descending: false,
  },
  {
    name: 'vdso',
    title: 'VDSO',
    align: 'right',
    least: 12,
    most: 12,
    rank: 4,
    cell: (row) => ({ text: row.vdso, style: row.address === undefined ? 'dim' : undefined }),
    compare: (a, b) => byAddress(a.address, b.address),
    descending: false,
  },
  {
    name: 'hint',
    title: 'HINT',
    align: 'left',
    least: 6,
    most: 11,
    rank: 5,
    cell: (row) => row.hint,
    compare: (a, b) => byText(a.hint.text, b.hint.text),
    descending: false,
  },
  {
    name: 'vvar',
    title: 'VVAR',
    align: 'left',
    least: 8,
    most: 8,
    rank: 8,
    cell: (row) => row.vvar,
    compare: (a, b) => byText(a.vvar.text, b.vvar.text),
    descending: false,
  },
  {
    name: 'pages',
    title: 'PAGES',
    align: 'left',
    least: 8,
    most: 10,
    rank: 10,
    cell: (row) => row.pages,
    compare: (a, b) => byText(a.pages.text, b.pages.text),
    descending: false,
  },
  {
    name: 'moves',
    title: 'MOVES',
    align: 'right',
    least: 5,
    most: 6,
    rank: 7,
    cell: (row) => (row.moves === 0 ? { text: '-', style: 'dim' } : { text: String(row.moves) }),
    compare: (a, b) => a.moves - b.moves,
    descending: true,
  },
  {
    name: 'last',
    title: 'LAST',
    align: 'right',
    least: 4,
    most: 5,
    rank: 6,
    cell: (row, { now }) => ({ text: ageWord(row.last, now), style: row.last === undefined ? 'dim' : undefined }),
    compare: (a, b) => byAddress(a.last, b.last),
    descending: true,
  },
  {
    name: 'finding',
    title: 'FINDING',
    align: 'left',
    least: 16,
    most: FINDING_ENOUGH,
    rank: 3,
    cell: (row, { sharers }) => (row.finding.text === '' ? sharingWord(row, sharers) : row.finding),
    compare: (a, b) => a.rank - b.rank || (a.rank <= 0 ? 0 : byText(b.finding.text, a.finding.text)),
    descending: true,
  },
];

/** "shares with 1234": the first other process in the same address space (vfork, CLONE_VM). */
const sharingWord = (row: Row, sharers: CellContext['sharers']): Word => {
  const others = (sharers.get(row.process.space) ?? []).filter((pid) => pid !== row.pid);
  const [first] = others;
  if (first === undefined) return { text: '' };
  return { text: `shares with ${first}${others.length > 1 ? ` +${others.length - 1}` : ''}`, style: 'dim' };
};

export const columnOf = (name: ColumnName): Column | undefined => COLUMNS.find((column) => column.name === name);
