import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../src/pipeline/observation.js';
import { begin, called, exited, happened, MS, moved, read, run, T0 } from './build.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const SIGSEGV = 11;
const SIGKILL = 9;
const at = (ms: number): bigint => T0 + BigInt(ms) * MS;

const known = read({ at: at(0), pid: 100, ticks: at(-1000) / 10_000_000n, vdso: A });
const move = (ms: number, from: bigint, to: bigint): Observation =>
  happened(moved({ at: at(ms), pid: 100, in: 7, from, to }));
const end = (ms: number, status: number, whole = true): Observation =>
  happened(exited({ at: at(ms), pid: 100, in: 7, status, whole }));

/** What the last line of the frame says, and how loud. */
const lastOf = (...observations: readonly Observation[]): readonly (string | undefined)[] => {
  const line = run(begin(), [known, ...observations]).lines.at(-1);
  return [line?.text, line?.severity];
};

test('who died of a fault after its vDSO was moved or unmapped is told with it', () => {
  assert.deepEqual(lastOf(move(10, A, B), end(13, SIGSEGV)), [
    'killed by SIGSEGV, 3.0 ms after its vDSO was moved',
    'warning',
  ]);
  const unmap = called({
    at: at(10),
    pid: 100,
    in: 7,
    call: 'munmap',
    args: [A, 0x2000n],
    vdsoBefore: A,
    vdsoAfter: A,
  });
  assert.deepEqual(lastOf(happened(unmap), end(12_510, 0x80 | SIGSEGV)), [
    'killed by SIGSEGV, 12.5 s after its vDSO was taken away',
    'warning',
  ]);
});

test('an end that has nothing to do with the vDSO is no alarm', () => {
  assert.deepEqual(lastOf(end(10, SIGSEGV)), ['killed by SIGSEGV', 'info']);
  assert.deepEqual(lastOf(move(10, A, B), end(13, SIGKILL)), ['killed by SIGKILL', 'info']);
  assert.deepEqual(lastOf(move(10, A, B), move(11, B, A), end(13, SIGSEGV)), ['killed by SIGSEGV', 'info']);
  assert.deepEqual(lastOf(move(10, A, B), end(13, 0x300)), ['exited with 3', 'info']);
  assert.deepEqual(lastOf(move(10, A, B), end(13, SIGSEGV, false)), ['thread 100 killed by SIGSEGV', 'info']);
  assert.deepEqual(lastOf(end(10, 0)), ['exited', 'info']);
});
