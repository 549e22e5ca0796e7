import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Forecast } from '../../src/model/verdict.js';
import { treeWords } from '../../src/report/tree-words.js';

const one = (pid: number, parts: Partial<Forecast> = {}) => ({
  evidence: { process: { pid } },
  forecast: { criu: '4.2', dump: 'ok', restore: 'in-place', loss: [], findings: [], ...parts } satisfies Forecast,
});

test('that one process of a tree fails the dump or the restore of all is not said', () => {
  assert.equal(
    treeWords([one(1), one(2, { restore: 'fail' }), one(3)]),
    'One dump takes them all: it cannot be restored, because of 2.\n',
  );
  assert.equal(
    treeWords([one(1, { dump: 'fail', restore: null }), one(2, { restore: 'fail' }), one(3, { dump: 'fail-kills' })]),
    'One dump takes them all: it fails, because of 1, 3.\n',
  );
  const many = Array.from({ length: 12 }, (_, pid) => one(pid, { restore: 'fail' }));
  assert.match(treeWords(many), /because of 0, 1, 2, 3, 4, 5, 6, 7 and 4 more\.$/m);
});

test('of a tree that lives on, and of one process alone, nothing more is said', () => {
  assert.equal(treeWords([one(1), one(2, { restore: 'proxy' }), one(3, { restore: undefined })]), '');
  assert.equal(treeWords([one(2, { restore: 'fail' })]), '');
});
