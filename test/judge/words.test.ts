import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpWord, stateWord } from '../../src/judge/words.js';
import type { Forecast } from '../../src/model/verdict.js';
import { judged, MODERN } from './build.js';

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

test('a process that unmapped its vDSO looks like one that was given none', () => {
  const without = { ...MODERN, maps: '7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0 [stack]' };
  assert.equal(stateWord(judged({ ...without, auxv: 0x7f1000006000n })), 'unmapped');
  // Linux that was started with vdso=0.
  assert.equal(stateWord(judged({ ...without, reference: {}, auxv: undefined })), 'no vdso');
});
