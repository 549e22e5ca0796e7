import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judgeByKind } from '../../src/census/kinds.js';
import { judge } from '../../src/judge/judge.js';
import { AT_SYSINFO_EHDR } from '../../src/model/evidence.js';
import { readProcess } from '../../src/proc/process.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { auxvOf, block, madeUpProc, mapsLine, pagemapOf, statLine } from '../proc/made-up-proc.js';

const CLEAN = 0xa000000000002861n;
const { proc } = madeUpProc({});

interface Made {
  readonly place: number;
  readonly words: readonly bigint[];
  readonly state: string;
  readonly uts: number;
  readonly era: 'one vvar' | 'two';
}

const evidenceOf = ({ place, words, state, uts, era }: Made) => {
  const start = place * 4096;
  const { files } = madeUpProc(
    {
      '/proc/7/stat': statLine(7, `p${place}`, state),
      '/proc/7/maps':
        era === 'two'
          ? block(start)
          : mapsLine(start - 16384, 4, 'r--p', '[vvar]') + mapsLine(start, 2, 'r-xp', '[vdso]'),
      '/proc/7/auxv': auxvOf([AT_SYSINFO_EHDR, start], [6, 4096], [9, place], [25, place * 3]),
      '/proc/7/ns/uts': `uts:[${uts}]`,
      '/proc/7/ns/time': 'time:[4026531834]',
    },
    {
      '/proc/7/pagemap': pagemapOf(new Map(words.map((word, index) => [place + index, word]))),
      '/proc/7/mem': () => 0,
    },
  );
  return readProcess(7, 'census', { proc: { ...proc, files } });
};

const made = fc.record({
  // From where CRIU parks a vDSO to the top of user memory.
  place: fc.oneof(fc.integer({ min: 0x36, max: 0xffff }), fc.integer({ min: 0x7f0000000, max: 0x7fffffff0 })),
  words: fc.array(
    fc.constantFrom(CLEAN, CLEAN + 1n, 0n, 0x0080000000000000n, 0xa100000000002861n, 0x8100000000000099n),
    {
      maxLength: 2,
    },
  ),
  state: fc.constantFrom('S', 'R', 't', 'D'),
  uts: fc.constantFrom(4026531838, 4026532001),
  era: fc.constantFrom('one vvar' as const, 'two' as const),
});

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
