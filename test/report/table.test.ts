import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { columns } from '../../src/report/table.js';
import { fuzzRuns } from '../fuzz-runs.js';

/** The plain way: every cell measured and padded by itself. */
const plainly = (rows: readonly (readonly string[])[]): string => {
  const widths = rows.reduce<readonly number[]>(
    (all, row) =>
      Array.from({ length: Math.max(all.length, row.length) }, (_, index) =>
        Math.max(all[index] ?? 0, stringWidth(row[index] ?? '')),
      ),
    [],
  );
  const padded = (cell: string, index: number, row: readonly string[]): string =>
    index === row.length - 1 ? cell : `${cell}${' '.repeat((widths[index] ?? 0) - stringWidth(cell))}  `;
  return rows.map((row) => `${row.map(padded).join('').trimEnd()}\n`).join('');
};

test('columns are as wide as their widest cell, whatever the row above has', () => {
  const cell = fc.constantFrom('', 'a', 'native', 'in place?', '中文', 'é', 'ｆｕｌｌ', ' b');
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 8 }), (rows) => {
      assert.equal(columns(rows), plainly(rows));
    }),
    { numRuns: fuzzRuns(1000) },
  );
});
