import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judge } from '../../src/judge/judge.js';
import { findKinds, judgeByKind } from '../../src/judge/kinds.js';
import { AT_SYSINFO, type Evidence } from '../../src/model/evidence.js';
import { readProcess } from '../../src/proc/process.js';
import { CLEAN, evidenceOf, made } from '../census/made.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { madeUpProc, statLine } from '../proc/made-up-proc.js';
import { copiedPage } from './build.js';
import { markBytes } from './images.js';

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

  test('a process that differs in one thing that a verdict hangs on is taken for one of a kind with another', () => {
    const one = { words: [CLEAN, 0n], state: 'S', uts: 4026531838, era: 'two' as const };
    // Below 4 GiB, where a 32-bit process has it too.
    const ordinary = evidenceOf({ ...one, place: 0xf7000 });
    const other = evidenceOf({ ...one, place: 0xf7fc1 });
    const vdso = other.vmas?.at(-1);
    assert.ok(vdso !== undefined && other.auxv !== undefined && other.onlyBlock === true);
    const { start } = vdso;
    const entries = [...other.auxv.entries];
    const narrow = { ...other.auxv, wordSize: 4 } as const;
    const nothing = { rss: 0, anonymous: 0, swap: 0, sharedClean: 0, privateClean: 0, privateDirty: 0 };
    const changes: readonly Partial<Evidence>[] = [
      { smaps: new Map([[start, { ...nothing, flags: new Set(['rd', 'ex', 'de', 'sl']) }]]) },
      { bytes: new Map([[start, markBytes(3)]]) },
      { pagemap: new Map([[start, BigUint64Array.of(CLEAN, copiedPage(7))]]) },
      { pagemap: new Map() },
      { auxv: narrow },
      { auxv: { ...narrow, entries: new Map([...entries, [AT_SYSINFO, start + 0x5e0n]]) } },
      { auxv: { ...other.auxv, entries: new Map([[33, start + 0x4000n]]) } },
      { vmas: other.vmas?.map((vma) => (vma === vdso ? { ...vma, execute: false } : vma)) },
      { vmas: other.vmas?.map((vma) => (vma === vdso ? vma : { ...vma, name: '' })) },
      { vmas: other.vmas?.map((vma, index) => (index === 0 ? { ...vma, start: vma.start + 0x1000n } : vma)) },
      { vmas: other.vmas?.map((vma) => (vma === vdso ? { ...vma, end: vma.end - 0x1000n } : vma)) },
      { vmas: undefined },
      { process: { ...other.process, state: 'Z' } },
      { process: { ...other.process, kernelThread: true } },
      { host: { ...other.host, release: '3.10.0', hintTest: 'lost' } },
    ];
    const ordinaryVerdict = judge(other);
    for (const [index, change] of changes.entries()) {
      const changed = { ...other, ...change };
      const byKind = judgeByKind();
      byKind(ordinary);
      assert.deepEqual({ ...byKind(changed) }, judge(changed), `change ${index}`);
      assert.notDeepEqual(judge(changed), ordinaryVerdict, `change ${index} changes nothing`);
    }
  });

  test('the second of a kind is not judged again, and has its own addresses in every text', () => {
    const byKind = judgeByKind();
    const one = { place: 0x7f0000000, words: [CLEAN], state: 'S', uts: 4026531838, era: 'two' as const };
    byKind(evidenceOf(one));
    const kindOf = findKinds();
    const kind = kindOf(evidenceOf(one));
    assert.equal(kindOf(evidenceOf({ ...one, place: 0x7f1234567 })), kind);
    // Words that are equal and not the same.
    assert.equal(kindOf(evidenceOf({ ...one, words: [...one.words] })), kind);
    assert.notEqual(kindOf(evidenceOf({ ...one, words: [CLEAN + 1n] })), kind);
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
