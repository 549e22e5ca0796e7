import type { WatchState } from '../src/model/state.js';
import { createCensus, type Entry } from './census.js';
import { type ColumnName, columnOf } from './columns.js';
import { haystackOf, type Row } from './row.js';

/** What is listed: filtered and sorted rows, and the counts of the header. */
export interface Listing {
  readonly rows: readonly Row[];
  /** Processes alive, before the filter. */
  readonly alive: number;
  readonly exited: number;
  readonly errors: number;
  readonly warnings: number;
  /** Pids by address space, where more than one process shares it. */
  readonly sharers: ReadonlyMap<string, readonly number[]>;
}

export interface Criteria {
  readonly sort: { readonly column: ColumnName; readonly descending: boolean };
  readonly filter: string;
  readonly onlyFindings: boolean;
}

/**
 * A function of state and criteria that remembers its last answer, so that ten frames a second over 10,000 processes
 * cost little: rows are made only for processes that changed, and what was sorted a tenth of a second ago is sorted
 * again in linear time (TimSort). The answer never depends on what was asked before.
 */
export const createListing = (): ((state: WatchState, criteria: Criteria) => Listing) => {
  const census = createCensus();
  let order: Entry[] = [];
  let sortedBy = '';
  let filteredBy = '';
  let last: Listing | undefined;

  return (state, criteria) => {
    const words = wordsOf(criteria);
    const filterKey = JSON.stringify([words, criteria.onlyFindings]);
    const sortKey = `${criteria.sort.column} ${criteria.sort.descending}`;
    const { fresh, changed, departed } = census(state);

    if (departed) order = order.filter(({ present }) => present);
    order.push(...fresh);
    const news = departed || fresh.length > 0 || changed.size > 0;
    if (!news && last !== undefined && sortKey === sortedBy && filterKey === filteredBy) return last;

    for (const entry of filterKey === filteredBy ? [...fresh, ...changed.keys()] : order) {
      entry.matches = matches(entry.row, words, criteria.onlyFindings);
    }
    const compare = comparator(criteria);
    const inOrder =
      sortKey === sortedBy &&
      fresh.length === 0 &&
      [...changed].every(([{ row }, before]) => compare(before, row) === 0);
    if (!inOrder) order.sort((a, b) => compare(a.row, b.row));
    sortedBy = sortKey;
    filteredBy = filterKey;
    last = collect(order);
    return last;
  };
};

/** The same without memory: for one frame. */
export const list = (state: WatchState, criteria: Criteria): Listing => createListing()(state, criteria);

const NOBODY: ReadonlyMap<string, readonly number[]> = new Map();

const collect = (order: readonly Entry[]): Listing => {
  const rows: Row[] = [];
  let sharers: Map<string, number[]> | undefined;
  let exited = 0;
  let errors = 0;
  let warnings = 0;
  for (const { row, matches: wanted } of order) {
    if (wanted) rows.push(row);
    if (row.exited) {
      exited += 1;
      continue;
    }
    errors += row.errors;
    warnings += row.warnings;
    if (!row.shared) continue;
    sharers ??= new Map();
    const pids = sharers.get(row.process.space);
    if (pids === undefined) sharers.set(row.process.space, [row.pid]);
    else pids.push(row.pid);
  }
  return { rows, alive: order.length - exited, exited, errors, warnings, sharers: sharers ?? NOBODY };
};

const comparator = ({ sort }: Criteria): ((a: Row, b: Row) => number) => {
  const compare = columnOf(sort.column)?.compare ?? ((): number => 0);
  const sign = sort.descending ? -1 : 1;
  // Ties by pid, and by key for a pid that lived twice: an order that never depends on what came first.
  return (a, b) => sign * compare(a, b) || a.pid - b.pid || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
};

/** Words that must all be found; one that starts with "!" must not be. */
const wordsOf = ({ filter }: Criteria): readonly FilterWord[] =>
  filter
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '' && word !== '!')
    .map((word) => (word.startsWith('!') ? { text: word.slice(1), wanted: false } : { text: word, wanted: true }));

interface FilterWord {
  readonly text: string;
  readonly wanted: boolean;
}

const matches = (row: Row, words: readonly FilterWord[], onlyFindings: boolean): boolean => {
  if (onlyFindings && row.rank <= 0) return false;
  if (words.length === 0) return true;
  const haystack = haystackOf(row);
  return words.every(({ text, wanted }) => haystack.includes(text) === wanted);
};
