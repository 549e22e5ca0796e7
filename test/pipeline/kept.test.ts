import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { isAlike, kept, keptEvidence } from '../../src/pipeline/kept.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { MS, readingOf, T0 } from './build.js';

const { value: plain } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(undefined, null, true, 0, 1, 'a', 1n, 2n),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { noNullPrototype: true }),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom(1n, 2n), tie('value')), { maxLength: 2, selector: ([key]) => key })
      .map((entries) => new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)))),
  ),
}));

test('alike is what deepEqual calls equal', () => {
  fc.assert(
    fc.property(plain, plain, (a, b) => {
      assert.equal(isAlike(a, b), isDeepStrictEqual(a, b));
      assert.ok(isAlike(a, structuredClone(a)));
    }),
    { numRuns: fuzzRuns(2000) },
  );
});

test('a reading that says the same keeps the objects of the one before, and its own time', () => {
  const A = 0x7f00_0000_0000n;
  const before = readingOf({ at: T0, pid: 1, ticks: 1n, vdso: A });
  const now = readingOf({ at: T0 + MS, pid: 1, ticks: 1n, vdso: A });
  const joined = keptEvidence(before, now);
  assert.deepEqual(joined, now);
  assert.notEqual(joined.takenAt, before.takenAt);
  assert.equal(joined.vmas, before.vmas);
  assert.equal(joined.process, before.process);
  const elsewhere = readingOf({ at: T0 + MS, pid: 1, ticks: 1n, vdso: A + 0x1000n });
  assert.deepEqual(keptEvidence(before, elsewhere), elsewhere);
  assert.equal(kept(undefined, now), now);
});
