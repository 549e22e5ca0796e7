import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { finding } from '../../src/judge/finding-codes.js';
import { judge } from '../../src/judge/judge.js';
import { columns, tableRow } from '../../src/report/table.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { evidenceOf } from '../judge/build.js';

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

test('of a process that ended before it was read, the table hides how it ended behind that it could not be read', () => {
  const text = 'The program jumped to 0x7f0000000af0, where nothing is mapped.';
  const verdict = { ...judge(evidenceOf({ maps: '' })), findings: [finding('crash-in-vanished-vdso', { text })] };
  const gone = { what: 'stat', why: 'gone', detail: '' } as const;
  const evidence = { ...evidenceOf({ maps: '' }), vmas: undefined, unread: [gone] };
  const told = tableRow(false)({ evidence, verdict });
  assert.equal(told.at(-1), `crash-in-vanished-vdso: ${text}`);
  assert.ok(told.includes('unreadable'));
  assert.equal(tableRow(true)({ evidence, verdict }).at(-1), 'crash-in-vanished-vdso');
  assert.equal(tableRow(false)({ evidence, verdict: { ...verdict, findings: [] } }).at(-1), 'stat: the process ended');
});
