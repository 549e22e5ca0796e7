import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseDirectories, runCase } from './runner.js';

const directories = caseDirectories();

test('there are cases to judge', () => {
  assert.ok(directories.length >= 100, `only ${directories.length} cases found`);
});

for (const directory of directories)
  test(`corpus: ${directory.split('/').slice(-2).join('/')}`, async (context) => {
    const { fields } = await runCase(directory);
    assert.ok(fields.length > 0, 'expect.json names no field');
    for (const { field, expected, agrees } of fields) context.diagnostic(`${agrees ? 'ok' : 'WRONG'} ${field} ${expected}`);
    const wrong = fields.filter(({ agrees }) => !agrees);
    assert.deepEqual(
      wrong.map(({ field, expected, actual }) => `${field} is ${actual}, not ${expected}`),
      [],
    );
  });
