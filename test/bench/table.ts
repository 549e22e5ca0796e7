import { columns } from '../../src/report/table.js';
import type { Benchmark, NotMeasured, Row } from './benchmark.js';

export const heading = ({ name, says }: Benchmark): string => `\n${name}: ${says.replaceAll('\n', '\n  ')}\n`;

export const notMeasured = ({ notMeasured: why }: NotMeasured): string => `  not measured: ${why}\n`;

export const rowsText = (rows: readonly Row[]): string =>
  columns(
    rows.map((row) => [
      `  ${row.what}`,
      `${figure(row.ours)} ${row.unit}`,
      `${figure(row.theirs)} ${row.unit}`,
      row.against,
      `ratio ${figure(ratioOf(row))}`,
      reachText(row),
    ]),
  );

const ratioOf = ({ ours, theirs, ratio }: Row): number => ratio ?? ours / theirs;

const reachText = (row: Row): string => {
  const { ours, reach } = row;
  if (reach === undefined) return '';
  const ratio = ratioOf(row);
  if ('most' in reach) return `reach <= ${figure(reach.most)} ${ratio <= reach.most ? 'met' : 'MISSED'}`;
  if ('least' in reach) return `reach >= ${figure(reach.least)} ${ratio >= reach.least ? 'met' : 'MISSED'}`;
  return `reach <= ${figure(reach.ours)} itself ${ours <= reach.ours ? 'met' : 'MISSED'}`;
};

/** Three digits that matter. */
export const figure = (value: number): string => {
  const size = Math.abs(value);
  return Number.isNaN(value) ? '?' : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
};
