import { ascending } from '../src/model/ascending.js';
import type { CellContext, Column, ColumnName } from './column.js';
import { abiOf, addressOf, addressText, commOf, findingWord, movesOf, type Row, severityRank } from './row.js';
import { ageWord, dumpWord, hintWord, pagesWord, stateWord, vvarWord, type Word } from './words.js';

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byAddress = (a: bigint | undefined, b: bigint | undefined): number => ascending(a ?? -1n, b ?? -1n);

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
    cell: ({ process }) => ({ text: String(process.pid) }),
    compare: (a, b) => a.process.pid - b.process.pid,
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
    cell: (row) => ({ text: commOf(row) }),
    compare: (a, b) => byText(commOf(a), commOf(b)),
    descending: false,
  },
  {
    name: 'abi',
    title: 'ABI',
    align: 'left',
    least: 7,
    most: 8,
    rank: 10,
    cell: (row) => ({ text: abiOf(row) }),
    compare: (a, b) => byText(abiOf(a), abiOf(b)),
    descending: false,
  },
  {
    name: 'state',
    title: 'STATE',
    align: 'left',
    // "moved detached", whole.
    least: 14,
    roomy: 16,
    most: 16,
    rank: 2,
    cell: ({ process, space }) => stateWord(process, space),
    compare: (a, b) => byText(stateWord(a.process, a.space).text, stateWord(b.process, b.space).text),
    descending: false,
  },
  {
    name: 'vdso',
    title: 'VDSO',
    align: 'right',
    least: 12,
    most: 12,
    rank: 4,
    cell: (row) => ({ text: addressText(row), style: addressOf(row) === undefined ? 'dim' : undefined }),
    compare: (a, b) => byAddress(addressOf(a), addressOf(b)),
    descending: false,
  },
  {
    name: 'hint',
    title: 'HINT',
    align: 'left',
    least: 6,
    most: 11,
    rank: 5,
    cell: ({ space }) => hintWord(space?.verdict),
    compare: (a, b) => byText(hintWord(a.space?.verdict).text, hintWord(b.space?.verdict).text),
    descending: false,
  },
  {
    name: 'vvar',
    title: 'VVAR',
    align: 'left',
    least: 8,
    most: 8,
    rank: 9,
    cell: ({ space }) => vvarWord(space?.verdict),
    compare: (a, b) => byText(vvarWord(a.space?.verdict).text, vvarWord(b.space?.verdict).text),
    descending: false,
  },
  {
    name: 'pages',
    title: 'PAGES',
    align: 'left',
    least: 8,
    most: 10,
    rank: 11,
    cell: ({ space }) => pagesWord(space?.verdict),
    compare: (a, b) => byText(pagesWord(a.space?.verdict).text, pagesWord(b.space?.verdict).text),
    descending: false,
  },
  {
    name: 'moves',
    title: 'MOVES',
    align: 'right',
    least: 5,
    most: 6,
    rank: 8,
    cell: (row) => (movesOf(row) === 0 ? { text: '-', style: 'dim' } : { text: String(movesOf(row)) }),
    compare: (a, b) => movesOf(a) - movesOf(b),
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
    name: 'dump',
    title: 'DUMP',
    align: 'left',
    least: 5,
    most: 5,
    rank: 7,
    cell: (row, { forecastOf }) => dumpWord(forecastOf?.(row)),
    // Only of what is on the screen it is known.
    descending: false,
  },
  {
    name: 'finding',
    title: 'FINDING',
    align: 'left',
    least: 16,
    most: FINDING_ENOUGH,
    rank: 3,
    cell: (row, { sharers }) => {
      const word = findingWord(row);
      return word.text === '' ? sharingWord(row, sharers) : word;
    },
    compare: (a, b) => {
      const rank = severityRank(a);
      return rank - severityRank(b) || (rank <= 0 ? 0 : byText(findingWord(b).text, findingWord(a).text));
    },
    descending: true,
  },
];

/** "shares with 1234": the first other process in the same address space (vfork, CLONE_VM). */
const sharingWord = (row: Row, sharers: CellContext['sharers']): Word => {
  const others = (sharers.get(row.process.space) ?? []).filter((pid) => pid !== row.process.pid);
  const [first] = others;
  if (first === undefined) return { text: '' };
  return { text: `shares with ${first}${others.length > 1 ? ` +${others.length - 1}` : ''}`, style: 'dim' };
};

export const columnOf = (name: ColumnName): Column | undefined => COLUMNS.find((column) => column.name === name);
