import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finding } from '../../src/judge/finding-codes.js';
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

test('that the restorer dies in one process, and with it the restore of all, is not said', () => {
  const crash = (criuMessage?: string): Partial<Forecast> => ({
    restore: 'crash',
    findings: [finding('restore-crashes', { text: 'It dies.', criuMessage })],
  });
  assert.equal(
    treeWords([one(1), one(2, crash('Using gettimeofday() on vdso at 0x7000...'))]),
    'One dump takes them all: a restore with -v3 and up fails, because of 2.\n',
  );
  // A thread that goes on in memory that was left out dies after the restore.
  assert.equal(treeWords([one(1), one(2, crash())]), '');
});

test('of a tree that lives on, and of one process alone, nothing more is said', () => {
  assert.equal(treeWords([one(1), one(2, { restore: 'proxy' }), one(3, { restore: undefined })]), '');
  assert.equal(treeWords([one(2, { restore: 'fail' })]), '');
});
