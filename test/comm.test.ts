import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../src/text/comm.js';
import { printable } from '../src/text/escape.js';

test('a name that is longer than the kernel keeps is found by what it keeps of it, and by no more', () => {
  assert.ok(isNamed('perl', 'perl'));
  assert.ok(isNamed('none-amd64-linu', 'none-amd64-linux'));
  assert.ok(isNamed('kworker/R-ext4-rsv-conversion', 'kworker/R-ext4-rsv-conversion'));
  assert.ok(!isNamed('perl', 'perl5.36'));
  assert.ok(!isNamed('none-amd64-linu', 'none-amd64-lin'));
  assert.ok(!isNamed('none-amd64-lin', 'none-amd64-linux'));
});

test('a name in other letters that is cut off within one of them is not found by its whole', () => {
  const comm = (name: string): string => printable(Buffer.from(name).subarray(0, 15).toString('latin1'));
  assert.ok(isNamed(comm('Планировщик'), 'Планировщик'));
  assert.ok(!isNamed(comm('Планировщик'), 'Планиро'));
});
