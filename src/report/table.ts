import stringWidth from 'string-width';
import { hintWord, pagesWord, stateWord, vvarWord, worstFinding } from '../judge/words.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { type Told, unreadableText } from './process.js';

/**
 * Lays cells out in columns two blanks apart; the last column is not padded. Widths in terminal cells. Plain text,
 * which nearly all is, is not given to string-width (75 of 80 us a row of a census).
 */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = [];
  const odd = new Map<string, number>();
  for (const row of rows)
    for (let index = 0; index < row.length; index += 1) {
      const cell = row[index] ?? '';
      let width = cell.length;
      if (!PLAIN.test(cell)) {
        width = stringWidth(cell);
        odd.set(cell, width);
      }
      if (width > (widths[index] ?? 0)) widths[index] = width;
      else widths[index] ??= 0;
    }
  let text = '';
  for (const row of rows) {
    let line = '';
    for (let index = 0; index < row.length; index += 1) {
      const cell = row[index] ?? '';
      if (index === row.length - 1) line += cell;
      else line += `${cell.padEnd((widths[index] ?? 0) + cell.length - (odd.get(cell) ?? cell.length))}  `;
    }
    text += `${line.trimEnd()}\n`;
  }
  return text;
};

const PLAIN = /^[ -~]*$/;

/** The census as a table; `wide` adds namespaces, confidence and every finding instead of the worst. */
export const processTable = (judged: readonly Told[], wide: boolean): string =>
  tableOfRows(
    judged.map((one) => tableRow(one, wide)),
    wide,
  );

export const tableOfRows = (rows: readonly (readonly string[])[], wide: boolean): string => {
  const head = ['PID', 'COMM', 'ABI', 'VDSO', 'STATE', 'HINT', 'VVAR', 'PAGES'];
  const more = wide ? ['CONFIDENCE', 'UTS', 'TIME', 'FINDINGS'] : ['FINDING'];
  return columns([[...head, ...more], ...rows]);
};

export const tableRow = ({ evidence, verdict }: Told, wide: boolean): readonly string[] => {
  const unreadable = unreadableText(evidence);
  const worst = worstFinding(verdict);
  const finding = unreadable ?? (worst === undefined ? '' : `${worst.code}: ${worst.text}`);
  const cells = [
    String(evidence.process.pid),
    printable(evidence.process.comm ?? '?'),
    verdict.abi ?? '-',
    verdict.vdso === undefined || verdict.vdso === null ? '-' : hex(verdict.vdso.start),
    unreadable === null ? stateWord(verdict) : 'unreadable',
    hintWord(verdict),
    vvarWord(verdict),
    pagesWord(verdict),
  ];
  if (!wide) return [...cells, finding];
  const namespace = (name: string): string => String(evidence.namespaces.get(name) ?? '-');
  const codes = unreadable ?? verdict.findings.map(({ code }) => code).join(' ');
  return [...cells, verdict.confidence, namespace('uts'), namespace('time'), codes];
};
