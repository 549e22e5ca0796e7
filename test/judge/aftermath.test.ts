import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AtStake, lossRule, withThreads } from '../../src/judge/forecast/aftermath.js';

const NOTHING: AtStake = { written: false, writable: false, cut: false, leftOut: false };
const ALL: AtStake = { written: true, writable: true, cut: false, leftOut: true };

test('what a restore in place replaces is lost in no other restore; what the dump left out is lost in each', () => {
  assert.deepEqual(lossRule('in-place', ALL), ['vdso-content', 'permissions', 'memory']);
  for (const restore of ['proxy', 'none'] as const) {
    assert.deepEqual(lossRule(restore, ALL), ['memory']);
    assert.deepEqual(lossRule(restore, { ...NOTHING, cut: true }), ['vdso-content']);
  }
  assert.deepEqual(lossRule('in-place', { ...ALL, cut: true })?.filter((loss) => loss === 'vdso-content').length, 1);
});

test('a restore that does not work, or is not known, is said to lose something, or nothing', () => {
  for (const restore of ['fail', 'crash', null, undefined] as const) assert.equal(lossRule(restore, ALL), undefined);
});

test('what is not known of a loss is taken for none', () => {
  assert.equal(lossRule('in-place', { ...NOTHING, written: undefined }), undefined);
  assert.deepEqual(lossRule('proxy', { ...NOTHING, written: undefined }), [], 'a proxy keeps what was written');
  for (const restore of ['in-place', 'proxy', 'none'] as const)
    for (const unknown of [{ cut: undefined }, { leftOut: undefined }])
      assert.equal(lossRule(restore, { ...ALL, ...unknown }), undefined);
});

test('a thread makes a restore better than it was, or undoes one that fails anyway', () => {
  const clause = fc.option(fc.constantFrom('here'), { nil: undefined });
  const word = fc.constantFrom('in-place', 'proxy', 'none', 'fail', 'crash', null, undefined);
  fc.assert(
    fc.property(word, clause, clause, (restore, nowhere, written) => {
      const outcome = { restore, text: 'why', line: 'printed' } as const;
      const after = withThreads(outcome, { nowhere, written });
      const works = restore === 'in-place' || restore === 'proxy' || restore === 'none';
      if (!works) assert.equal(after, outcome);
      else if (nowhere !== undefined) assert.deepEqual(after, { restore: 'crash', text: 'here', line: undefined });
      else if (restore === 'in-place' && written !== undefined) assert.equal(after.restore, undefined);
      else assert.equal(after, outcome);
    }),
  );
});
