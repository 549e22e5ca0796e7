import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { settle } from '../../src/proc/settle.js';
import { finish } from '../../src/proc/steps.js';
import { fuzzRuns } from '../fuzz-runs.js';

const over = (pictures: readonly string[], usual: ReadonlySet<string>, most = 20) => {
  let turn = 0;
  const steps = settle(function* () {
    yield;
    const lines = pictures[Math.min(turn++, pictures.length - 1)] ?? '';
    return { value: lines, lines, usual: usual.has(lines) };
  }, most);
  const result = finish(steps);
  return { result, looks: turn };
};

test('the usual picture needs two looks, an odd one ten', () => {
  assert.deepEqual(over(['one'], new Set(['one'])), { result: { settled: true, value: 'one' }, looks: 2 });
  assert.deepEqual(over(['none'], new Set(['one'])), { result: { settled: true, value: 'none' }, looks: 10 });
});

test('what cannot be read any more is undefined', () => {
  assert.equal(
    finish(
      // biome-ignore lint/correctness/useYield: it has nothing to do.
      settle(function* () {
        return undefined;
      }),
    ),
    undefined,
  );
});

test('what is believed was seen in a row, often enough; the looks are bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('one', 'none', 'two', 'elsewhere'), { minLength: 1 }), (pictures) => {
      const usual = new Set(['one', 'elsewhere']);
      const { result, looks } = over(pictures, usual);
      assert.ok(looks <= 20);
      if (result === undefined || !result.settled) return;
      const needed = usual.has(result.value) ? 2 : 10;
      for (let back = 1; back <= needed; back++)
        assert.equal(pictures[Math.min(looks - back, pictures.length - 1)], result.value);
    }),
    { numRuns: fuzzRuns(500) },
  );
});
