import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judge } from '../../src/judge/judge.js';
import { judgeByKind } from '../../src/judge/kinds.js';
import { readProcess } from '../../src/proc/process.js';
import { CLEAN, evidenceOf, made } from '../census/made.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { madeUpProc, statLine } from '../proc/made-up-proc.js';

const { proc } = madeUpProc({});

describe('verdicts by kind', () => {
  test('are those of the judge, whoever came first', () => {
    fc.assert(
      fc.property(fc.array(made, { minLength: 2, maxLength: 12 }), (processes) => {
        const byKind = judgeByKind();
        for (const process of processes) {
          const evidence = evidenceOf(process);
          assert.deepEqual({ ...byKind(evidence) }, judge(evidence));
        }
      }),
      { numRuns: fuzzRuns(100) },
    );
  });

  test('the second of a kind is not judged again, and has its own addresses in every text', () => {
    const byKind = judgeByKind();
    const one = { place: 0x7f0000000, words: [CLEAN], state: 'S', uts: 4026531838, era: 'two' as const };
    byKind(evidenceOf(one));
    const second = byKind(evidenceOf({ ...one, place: 0x7f1234567 }));
    assert.equal(second.vdso?.start, 0x7f1234567000n);
    assert.equal(second.mappings[0]?.start, 0x7f1234567000n);
    assert.ok(!JSON.stringify(second.mappings.map(({ evidence }) => evidence)).includes('7f0000000000'));
  });

  test('kernel threads are one kind, and what could not be read is by its reasons', () => {
    const byKind = judgeByKind();
    const of = (answers: Parameters<typeof madeUpProc>[0]) =>
      readProcess(7, 'census', { proc: { ...proc, files: madeUpProc(answers).files } });
    const thread = of({ '/proc/7/stat': statLine(7, 'kthread', 'I', 0x200000) });
    assert.equal(byKind(thread), byKind(thread));
    assert.equal(byKind(thread).applicable, false);
    const denied = of({ '/proc/7/stat': statLine(7), '/proc/7/maps': { code: 'EACCES' } });
    assert.deepEqual(byKind(denied), judge(denied));
    assert.equal(byKind(denied).applicable, true);
  });
});
