import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { takeCensus } from '../../src/census/census.js';
import { madeUpProc, statLine } from '../proc/made-up-proc.js';

describe('the census', () => {
  const answers = {
    '/proc/2/stat': statLine(2, 'kthreadd', 'S', 0x200000),
    '/proc/7/stat': statLine(7, 'somebody', 'S'),
    '/proc/7/maps': { code: 'EACCES' },
    '/proc/8/comm': 'ended since the listing',
  };

  test('has every process, those without memory and those that cannot be read included', async () => {
    const census = await takeCensus(madeUpProc(answers).proc);
    assert.ok(census.ok);
    assert.deepEqual(
      census.value.judged.map(({ evidence }) => evidence.process.pid),
      [2, 7],
    );
    assert.deepEqual(census.value.problems, []);
  });

  test('says which of those asked for are not there, once each', async () => {
    const census = await takeCensus(madeUpProc(answers).proc, [2, 9, 9, 2]);
    assert.ok(census.ok);
    assert.equal(census.value.judged.length, 1);
    assert.deepEqual(
      census.value.problems.map(({ kind, text }) => [kind, text]),
      [['no-process', 'There is no process 9.']],
    );
  });

  test('without a /proc is a failure', async () => {
    const census = await takeCensus(madeUpProc({}).proc);
    assert.equal(census.ok, false);
  });
});
