import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from '../../src/model/event.js';
import { begin, called, happened, MS, moved, read, run, stateOf, T0 } from './build.js';

/** A kernel without BTF: no pointers in the events, no filter in the kernel. */

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const PAGE = 0x1000n;

const linesOf = (event: Partial<CallEvent>, known = true): number => {
  const ledger = begin();
  if (known) run(ledger, [read({ at: T0, pid: 7, ticks: 400_000n, vdso: A })]);
  return run(ledger, [happened(called({ at: T0 + MS, pid: 7, in: 0, ...event }))]).lines.length;
};

test('a call beside the vDSO is nobody’s business', () => {
  assert.equal(linesOf({ args: [B, PAGE, 2n * PAGE, 1n], result: B }), 0);
  assert.equal(linesOf({ call: 'munmap', args: [A + 2n * PAGE, PAGE] }), 0);
});

test('a call over it, from it or onto it is', () => {
  assert.equal(linesOf({ args: [A, 2n * PAGE, 2n * PAGE, 3n, B], result: B }), 1);
  assert.equal(linesOf({ args: [B, 2n * PAGE, 2n * PAGE, 3n, A], result: A }), 1);
  assert.equal(linesOf({ call: 'munmap', args: [A - PAGE, 2n * PAGE] }), 1);
  assert.equal(linesOf({ call: 'arch_prctl', args: [0x2003n, 0n], result: 0x2000n }), 1);
});

test('a process that was not read yet may be concerned', () => {
  assert.equal(linesOf({ args: [B, PAGE, 2n * PAGE, 1n], result: B }, false), 1);
});

test('where the probes know the pointer, they have filtered: everything is shown', () => {
  assert.equal(linesOf({ args: [B, PAGE, PAGE, 3n, B - PAGE], result: -22n, vdsoBefore: A, vdsoAfter: A }), 1);
});

test('a move is attributed by the last known place', () => {
  const ledger = begin();
  run(ledger, [read({ at: T0, pid: 7, ticks: 400_000n, vdso: A })]);
  const event = {
    ...moved({ at: T0 + MS, pid: 7, in: 0, from: A, to: B }),
    vdsoBefore: undefined,
    vdsoAfter: undefined,
  };
  const frame = run(ledger, [happened({ ...event, space: { id: 0n, mm: 0n } })]);
  assert.match(frame.lines[0]?.text ?? '', /vDSO moved from 0x7f0000000000 to 0x7e0000000000$/);
  assert.equal(stateOf(frame, 7).space?.moves, 1);
});

test('what is done to a vDSO that was moved and not read since is taken for a call beside it', () => {
  const C = 0x7d00_0000_0000n;
  const blind = (ms: bigint, from: bigint, to: bigint) =>
    happened({
      ...moved({ at: T0 + ms * MS, pid: 7, in: 0, from, to }),
      vdsoBefore: undefined,
      vdsoAfter: undefined,
    });
  const ledger = begin();
  run(ledger, [read({ at: T0, pid: 7, ticks: 400_000n, vdso: A })]);
  const frame = run(ledger, [blind(1n, A, B), blind(2n, B, C)]);
  assert.equal(stateOf(frame, 7).space?.moves, 2);
  assert.match(frame.lines[1]?.text ?? '', /vDSO moved from 0x7e0000000000 to 0x7d0000000000$/);
  const protect = (start: bigint): number => {
    const call = called({ at: T0 + 3n * MS, pid: 7, in: 0, call: 'mprotect', args: [start, PAGE, 7n] });
    return run(ledger, [happened(call)]).lines.length;
  };
  assert.deepEqual([protect(C), protect(C + PAGE), protect(C + 2n * PAGE), protect(B)], [1, 1, 0, 0]);
});
