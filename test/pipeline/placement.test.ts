import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoOf } from '../../src/model/errno.js';
import type { CallEvent } from '../../src/model/event.js';
import { effectOf } from '../../src/pipeline/placement.js';
import { called, T0 } from './build.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const PAGE = 0x1000n;

const call = (parts: Partial<CallEvent>): CallEvent => called({ at: T0, pid: 7, in: 1, ...parts });

test('errno is a result from -4095 to -1, and no address', () => {
  assert.equal(errnoOf(-22n), 22);
  assert.equal(errnoOf(-4095n), 4095);
  assert.equal(errnoOf(-4096n), undefined);
  assert.equal(errnoOf(0n), undefined);
  assert.equal(errnoOf(0xffff_ffff_f000n), undefined);
});

/** Result and exit pointer decide; the entry pointer never does. */
const rows: readonly [string, Partial<CallEvent>, bigint | undefined, object][] = [
  [
    'a plain move',
    { args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: B, vdsoBefore: A, vdsoAfter: B },
    undefined,
    { kind: 'moved', from: A, to: B },
  ],
  [
    'one call that moves vvar, vclock and vdso: the vDSO keeps its distance',
    {
      args: [A - 6n * PAGE, 8n * PAGE, 8n * PAGE, 3n, B],
      result: B,
      vdsoBefore: A,
      vdsoAfter: B + 6n * PAGE,
    },
    undefined,
    { kind: 'moved', from: A, to: B + 6n * PAGE },
  ],
  [
    'a failed call, although the pointer changed meanwhile (another thread moved it)',
    { args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: -14n, vdsoBefore: A, vdsoAfter: B },
    undefined,
    { kind: 'failed' },
  ],
  [
    'a move by this call, although another thread moved it between entry and exit before it',
    { args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: B, vdsoBefore: A + 0x100000n, vdsoAfter: B },
    undefined,
    { kind: 'moved', from: A, to: B },
  ],
  [
    'a success, after which another thread moved it on: not provable',
    { args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: B, vdsoBefore: A, vdsoAfter: B + 0x100000n },
    undefined,
    { kind: 'unclear' },
  ],
  [
    'success without MREMAP_FIXED at the same place: nothing moved',
    { args: [A, 2n * PAGE, 2n * PAGE, 0n], result: A, vdsoBefore: A, vdsoAfter: A },
    undefined,
    { kind: 'none' },
  ],
  [
    'other memory moved onto the vDSO, whose pointer stays behind',
    { args: [B, 4n * PAGE, 4n * PAGE, 3n, A - PAGE], result: A - PAGE, vdsoBefore: A, vdsoAfter: A },
    undefined,
    { kind: 'covered', at: A },
  ],
  [
    'only vvar moved',
    { args: [A - 6n * PAGE, 4n * PAGE, 4n * PAGE, 3n, B], result: B, vdsoBefore: A, vdsoAfter: A },
    undefined,
    { kind: 'none' },
  ],
  [
    'no pointer to read: the last known place decides',
    { args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: B },
    A,
    { kind: 'moved', from: A, to: B },
  ],
  [
    'no pointer and no known place',
    { args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: B },
    undefined,
    { kind: 'unclear' },
  ],
  [
    'munmap over it',
    { call: 'munmap', args: [A - PAGE, 16n * PAGE], vdsoBefore: A },
    undefined,
    { kind: 'unmapped', at: A },
  ],
  [
    'munmap of all memory, as CRIU does',
    { call: 'munmap', args: [0x38000n, 1n << 47n], vdsoBefore: A },
    undefined,
    { kind: 'unmapped', at: A },
  ],
  ['munmap of vvar', { call: 'munmap', args: [A - 6n * PAGE, 6n * PAGE], vdsoBefore: A }, undefined, { kind: 'none' }],
  [
    'a refused munmap of one page',
    { call: 'munmap', args: [A, PAGE], result: -22n, vdsoBefore: A },
    undefined,
    { kind: 'failed' },
  ],
  [
    'mmap MAP_FIXED over it',
    { call: 'mmap', args: [A, 2n * PAGE, 3n, 0x32n], result: A, vdsoBefore: A },
    undefined,
    { kind: 'covered', at: A },
  ],
  [
    'mmap MAP_FIXED_NOREPLACE',
    { call: 'mmap', args: [A, 2n * PAGE, 3n, 0x100032n], result: A, vdsoBefore: A },
    undefined,
    { kind: 'none' },
  ],
  [
    'mmap with a mere hint',
    { call: 'mmap', args: [A, 2n * PAGE, 3n, 0x22n], result: B, vdsoBefore: A },
    undefined,
    { kind: 'none' },
  ],
  [
    'arch_prctl returns the size, the pointer has the place',
    { call: 'arch_prctl', args: [0x2003n, 0x30000n], result: 0x2000n, vdsoBefore: A, vdsoAfter: 0x36000n },
    undefined,
    { kind: 'placed', at: 0x36000n },
  ],
  [
    'arch_prctl while a mapping is left',
    { call: 'arch_prctl', args: [0x2002n, 0n], result: -17n, vdsoBefore: A, vdsoAfter: A },
    undefined,
    { kind: 'failed' },
  ],
  ['shmat', { call: 'shmat', args: [1n, A, 0o40000n], result: A, vdsoBefore: A }, undefined, { kind: 'unclear' }],
  [
    'mprotect',
    { call: 'mprotect', args: [A, 2n * PAGE, 7n], vdsoBefore: A, vdsoAfter: A },
    undefined,
    { kind: 'none' },
  ],
];

for (const [name, event, known, expected] of rows)
  test(`the effect of a call: ${name}`, () => {
    const effect = effectOf(call(event), known);
    const shown = effect.kind === 'moved' ? { kind: effect.kind, from: effect.move.from, to: effect.move.to } : effect;
    assert.deepEqual(shown, expected);
  });
