import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeEvidence } from '../../src/model/evidence.js';
import { slim } from '../../src/pipeline/slim.js';
import { begin, heard, MS, read, readingOf, run, SECOND, simpleJudge, stateOf, T0, vma } from './build.js';

const A = 0x7f00_0000_0000n;

test('a reading is cut down to what faces show: the vDSO, its data pages and their neighbours', () => {
  const names = ['a', 'b', 'c', '[vvar]', '[vdso]', 'd', 'e', 'f', '[stack]', '[vsyscall]'];
  const vmas = names.map((name, index) => vma(A + BigInt(index) * 0x10000n, 2, name));
  const whole = { ...readingOf({ at: T0, pid: 1, ticks: 1n, vdso: A }), vmas };
  const cut = slim(whole, simpleJudge(whole, {}));
  assert.deepEqual(
    cut.vmas?.map(({ name }) => name),
    ['b', 'c', '[vvar]', '[vdso]', 'd', 'e'],
  );
  assert.equal(cut.pagemap.size, 0);
  assert.deepEqual(cut.auxv, whole.auxv);
});

test('a verdict stays as it is when its reading is cut', () => {
  const ledger = begin();
  const snapshot = read({ at: T0 + MS, pid: 1, ticks: 1n, vdso: A });
  const words = new Map([[A, BigUint64Array.of(1n, 2n)]]);
  const first = run(ledger, [{ ...snapshot, evidence: { ...snapshot.evidence, pagemap: words } }]);
  const { verdict, evidence } = stateOf(first, 1).space ?? {};
  assert.equal(evidence?.pagemap.size, 1);
  const later = stateOf(run(ledger, [heard(T0 + 10n * SECOND)]), 1).space;
  assert.equal(later?.evidence?.pagemap.size, 0);
  assert.equal(later?.verdict, verdict);
});

test('evidence that is changed in some fields stays the same in all others', () => {
  const all = { ...readingOf({ at: T0, pid: 1, ticks: 1n, vdso: A }), contextVdso: A, faultedPages: true };
  for (const whole of [all, { ...all, onlyBlock: true as const }, { ...all, namesBy: 'criu' as const }]) {
    assert.deepEqual(changeEvidence(whole, {}), whole);
    assert.deepEqual(changeEvidence(whole, { contextVdso: 1n }), { ...whole, contextVdso: 1n });
  }
});
