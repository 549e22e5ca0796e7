import stringWidth from 'string-width';
import { hintWord, pagesWord, stateWord, vvarWord, worstFinding } from '../judge/words.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { type Judged, unreadableText } from './process.js';

/** Width in terminal cells. Plain text, which nearly all is, is not given to string-width: 75 of 80 us a row. */
const width = (cell: string): number => (PLAIN.test(cell) ? cell.length : stringWidth(cell));
const PLAIN = /^[ -~]*$/;

/** Lays cells out in columns two blanks apart; the last column is not padded. Widths in terminal cells. */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
};

/** The census as a table; `wide` adds namespaces, confidence and every finding instead of the worst. */
export const processTable = (judged: readonly Judged[], wide: boolean): string => {
  const head = ['PID', 'COMM', 'ABI', 'VDSO', 'STATE', 'HINT', 'VVAR', 'PAGES'];
  const more = wide ? ['CONFIDENCE', 'UTS', 'TIME', 'FINDINGS'] : ['FINDING'];
  return columns([[...head, ...more], ...judged.map((one) => row(one, wide))]);
};

const row = ({ evidence, verdict }: Judged, wide: boolean): string[] => {
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
