import stringWidth from 'string-width';
import { hintWord, pagesWord, stateWord, unreadableText, vvarWord, worstFinding } from '../judge/words.js';
import type { Told } from '../model/judged.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { renderAlike } from './alike.js';

/**
 * Lays cells out in columns two blanks apart; the last column is not padded. Widths in terminal cells. Plain text,
 * which nearly all is, is not given to string-width (75 of 80 us a row of a census), and a cell that is that of the row
 * above, as most of a census are, is neither measured nor padded again.
 */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = [];
  let above: readonly string[] = [];
  for (const row of rows) {
    for (let index = 0; index < row.length; index += 1) {
      const cell = row[index] ?? '';
      if (cell !== above[index]) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
    }
    above = row;
  }
  const latest: string[] = [];
  const padded: string[] = [];
  let text = '';
  for (const row of rows) {
    const last = row.length - 1;
    let line = '';
    for (let index = 0; index < last; index += 1) {
      const cell = row[index] ?? '';
      if (cell !== latest[index]) {
        latest[index] = cell;
        padded[index] = `${cell}${' '.repeat((widths[index] ?? 0) - widthOf(cell))}  `;
      }
      line += padded[index];
    }
    text += `${(line + (row[last] ?? '')).trimEnd()}\n`;
  }
  return text;
};

const widthOf = (cell: string): number => (PLAIN.test(cell) ? cell.length : stringWidth(cell));

const PLAIN = /^[ -~]*$/;

/** The census as a table; `wide` adds namespaces, confidence and every finding instead of the worst. */
export const processTable = (judged: readonly Told[], wide: boolean): string =>
  tableOfRows(judged.map(tableRow(wide)), wide);

/** `rows`: as `tableRow` makes them, of the same width. */
export const tableOfRows = (rows: readonly (readonly string[])[], wide: boolean): string => {
  const head = ['PID', 'COMM', 'ABI', 'VDSO', 'STATE', 'HINT', 'VVAR', 'PAGES'];
  const more = wide ? ['CONFIDENCE', 'UTS', 'TIME', 'FINDINGS'] : ['FINDING'];
  return columns([[...head, ...more], ...rows]);
};

/** The cells of one process after another. */
export const tableRow = (wide: boolean): ((one: Told) => readonly string[]) => {
  const cells = renderAlike((one) => cellsOf(one, wide));
  return (one) => {
    const { pid, comm } = one.evidence.process;
    return [String(pid), printable(comm ?? '?'), ...cells(one)];
  };
};

/** Those behind its pid and name. */
const cellsOf = ({ evidence, verdict }: Told, wide: boolean): readonly string[] => {
  const unreadable = unreadableText(evidence);
  const cells = [
    verdict.abi ?? '-',
    verdict.vdso === undefined || verdict.vdso === null ? '-' : hex(verdict.vdso.start),
    unreadable === null ? stateWord(verdict) : 'unreadable',
    hintWord(verdict),
    vvarWord(verdict),
    pagesWord(verdict),
  ];
  if (!wide) {
    const worst = worstFinding(verdict);
    // Of a process that ended before it was read, its core file may tell how.
    return [...cells, worst === undefined ? (unreadable ?? '') : `${worst.code}: ${worst.text}`];
  }
  const namespace = (name: string): string => String(evidence.namespaces.get(name) ?? '-');
  const codes = verdict.findings.map(({ code }) => code).join(' ') || (unreadable ?? '');
  return [...cells, verdict.confidence, namespace('uts'), namespace('time'), codes];
};
