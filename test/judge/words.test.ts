import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpWord } from '../../src/judge/words.js';
import type { Forecast } from '../../src/model/verdict.js';

const told = (parts: Partial<Forecast>): string =>
  dumpWord({ criu: '4.2', dump: 'ok', restore: 'in-place', loss: [], findings: [], ...parts });

test('the word for a dump says that a process lives on which does not, or of which that is not known', () => {
  assert.equal(told({}), 'ok');
  assert.equal(told({ restore: 'none' }), 'ok');
  assert.equal(told({ restore: 'proxy' }), 'proxy');
  assert.equal(told({ restore: 'proxy', loss: ['vdso-content'] }), 'loses');
  for (const restore of ['fail', 'crash'] as const) assert.equal(told({ restore, loss: ['memory'] }), 'NO');
  for (const dump of ['fail', 'fail-kills'] as const) assert.equal(told({ dump, restore: null }), 'NO');
  assert.equal(told({ restore: undefined }), '?');
  assert.equal(told({ dump: undefined, restore: undefined, loss: undefined }), '?');
});
