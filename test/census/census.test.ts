import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { startTally, takeCensus } from '../../src/census/census.js';
import { judgeAll, readChosen } from '../../src/census/chosen.js';
import type { Told } from '../../src/model/judged.js';
import { processReport, processText } from '../../src/report/process.js';
import { tableRow } from '../../src/report/table.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { madeUpProc, statLine } from '../proc/made-up-proc.js';
import { evidenceOf, made } from './made.js';

const plainText = (one: Told): string => JSON.stringify(processReport(one));

const answers = {
  '/proc/2/stat': statLine(2, 'kthreadd', 'S', 0x200000),
  '/proc/7/stat': statLine(7, 'somebody', 'S'),
  '/proc/7/maps': { code: 'EACCES' },
  '/proc/8/comm': 'ended since the listing',
};

describe('the census', () => {
  test('has every process, those without memory and those that cannot be read included', async () => {
    const census = await takeCensus(madeUpProc(answers).proc);
    assert.ok(census.ok);
    assert.deepEqual(
      [...census.value.processes].map(({ evidence }) => evidence.process.pid),
      [2, 7],
    );
    assert.equal(census.value.count, 2);
  });

  test('without a /proc is a failure', async () => {
    const census = await takeCensus(madeUpProc({}).proc);
    assert.equal(census.ok, false);
  });

  test('tells of each process what is told when each is kept whole and judged by itself', () => {
    fc.assert(
      fc.property(fc.array(made, { minLength: 1, maxLength: 12 }), (processes) => {
        const found = processes.map((process, index) => evidenceOf(process, index + 1));
        const tally = startTally();
        for (const evidence of found) tally.add(evidence);
        const census = tally.census();
        const whole = judgeAll(found);
        assert.deepEqual([...census.processes].map(processReport), whole.judged.map(processReport));
        assert.deepEqual(census.pageSets, whole.pageSets);
        assert.deepEqual([...census.processes].map(processText()), whole.judged.map(plainText));
        for (const wide of [true, false])
          assert.deepEqual([...census.processes].map(tableRow(wide)), whole.judged.map(tableRow(wide)));
      }),
      { numRuns: fuzzRuns(200) },
    );
  });
});

test('of the chosen, those that are not there are named, once each', async () => {
  const { judged, problems } = await readChosen(madeUpProc(answers).proc, [2, 9, 9, 2]);
  assert.equal(judged.length, 1);
  assert.deepEqual(
    problems.map(({ kind, text }) => [kind, text]),
    [['no-process', 'There is no process 9.']],
  );
  // A child of the one that was asked for may end before it is read.
  assert.deepEqual((await readChosen(madeUpProc(answers).proc, [2, 9], [2])).problems, []);
});
