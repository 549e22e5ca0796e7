import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent, Event } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { begin, called, forked, happened, MS, moved, placeOf, read, run, stateOf, T0 } from './build.js';

/** The system calls of real CRIU runs (its kerndat children, its restorer), and look-alikes. */

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const at = (ms: number): bigint => T0 + BigInt(ms) * MS;
const criu = { pid: 200, in: 8, comm: 'criu' };

const labelled = (...events: readonly Event[]): readonly string[] => {
  const ledger = begin();
  run(ledger, [read({ at: at(0), pid: 100, ticks: 400_000n, vdso: A, comm: 'criu' })]);
  run(ledger, [happened(forked({ at: at(1), pid: 100, in: 7, child: 200, comm: 'criu' }))]);
  const lines = events.flatMap((event) => run(ledger, [happened(event)]).lines);
  return lines.map(({ severity, text }) => `${severity} ${/\(([^()]*)\)$/.exec(text)?.[1] ?? '-'}`);
};

const TEST = 'info CRIU testing the kernel';
const RESTORE = 'info CRIU restoring a process';
const arch = (ms: number, code: bigint, address: bigint, result: bigint, after: bigint): CallEvent =>
  called({ ...criu, at: at(ms), call: 'arch_prctl', args: [code, address], result, vdsoBefore: A, vdsoAfter: after });
const munmap = (ms: number, start: bigint, length: bigint, comm = 'criu'): CallEvent =>
  called({ ...criu, comm, at: at(ms), call: 'munmap', args: [start, length], vdsoBefore: A, vdsoAfter: A });

test('a child that asks whether ARCH_MAP_VDSO_32 exists', () => {
  assert.deepEqual(labelled(arch(10, 0x2002n, 0n, -17n, A)), [TEST]);
});

test('a child that unmaps its vDSO to try the 32-bit one', () => {
  assert.deepEqual(labelled(munmap(10, A, 0x2000n), arch(11, 0x2002n, A, 0x2000n, A)), [TEST, TEST]);
});

test('a child that moves its vDSO onto other memory: the hint test', () => {
  assert.deepEqual(labelled(moved({ ...criu, at: at(10), from: A, to: B })), [TEST]);
});

test('a restore: the address space is emptied, a vDSO is mapped and moved to the dumped place', () => {
  const restore = [
    munmap(10, 0x38000n, 0x7fff_fffc_0000n - 0x38000n),
    arch(11, 0x2003n, 0x30000n, 0x2000n, 0x36000n),
    moved({ ...criu, at: at(12), from: 0x36000n, to: B }),
  ];
  assert.deepEqual(labelled(...restore), [RESTORE, RESTORE, RESTORE]);
});

test('another program that does the same is no noise', () => {
  assert.deepEqual(labelled(moved({ ...criu, comm: 'rr', at: at(10), from: A, to: B })), ['warning -']);
  assert.deepEqual(labelled(munmap(10, A, 0x2000n, 'valgrind')), ['warning -']);
});

test('a program that only calls itself criu, and does nothing of the kind', () => {
  const mprotect = called({
    ...criu,
    at: at(10),
    call: 'mprotect',
    args: [A, 0x2000n, 7n],
    vdsoBefore: A,
    vdsoAfter: A,
  });
  assert.deepEqual(labelled(mprotect), ['info -']);
});

test('a restored program is what its image says: not moved, and what it does itself is no noise', () => {
  const ledger = begin();
  const restored: Observation[] = [
    munmap(10, 0x38000n, 0x7fff_fffc_0000n - 0x38000n),
    arch(11, 0x2003n, 0x30000n, 0x2000n, 0x36000n),
    moved({ ...criu, at: at(12), from: 0x36000n, to: B }),
    { ...moved({ ...criu, at: at(13), from: A, to: B }), kind: 'prctl' as const, option: 14n, result: 0n },
  ].map((event) => happened(event));
  run(ledger, [happened(forked({ at: at(1), pid: 100, in: 7, child: 200, comm: 'criu' }))]);
  run(ledger, restored);
  const frame = run(ledger, [read({ at: at(20), pid: 200, ticks: 500_000n, vdso: B, comm: 'app' })]);
  assert.deepEqual(placeOf(frame, 200), { start: B, moved: false });
  const [line] = run(ledger, [happened(moved({ at: at(30), pid: 200, in: 8, comm: 'app', from: B, to: A }))]).lines;
  assert.equal(line?.severity, 'warning');
  assert.match(line?.text ?? '', /^(?!.*CRIU).*vDSO moved from/);
  assert.equal(stateOf(frame, 200).process?.comm, 'app');
});

test('what ends a restore is no doing of the restored program, what that unmaps itself is', () => {
  const begun = [
    munmap(10, 0x38000n, 0x7fff_fffc_0000n - 0x38000n),
    arch(11, 0x2003n, 0x30000n, 0x2000n, 0x36000n),
    { ...moved({ ...criu, at: at(13), from: A, to: B }), kind: 'prctl' as const, option: 14n, result: 0n },
  ];
  const unmap = (start: bigint, length: bigint): CallEvent =>
    called({
      ...criu,
      comm: 'app',
      at: at(20),
      call: 'munmap',
      args: [start, length],
      vdsoBefore: 0x36000n,
      vdsoAfter: 0x36000n,
    });
  assert.equal(labelled(...begun, unmap(0x10000n, 0x28000n)).at(-1), RESTORE);
  assert.equal(labelled(...begun, unmap(0x36000n, 0x2000n)).at(-1), 'warning -');
  assert.equal(labelled(...begun, unmap(0x30000n, 0x8000n)).at(-1), 'warning -');
});

test('findings of such a process are told without alarm', () => {
  const ledger = begin();
  run(ledger, [happened(moved({ ...criu, at: at(10), from: A, to: B }))]);
  const { lines } = run(ledger, [read({ at: at(12), pid: 200, ticks: 500_000n, vdso: B, auxv: A, comm: 'criu' })]);
  const [finding] = lines.filter((line) => line.finding !== undefined);
  assert.equal(finding?.severity, 'info');
  assert.match(finding?.text ?? '', /CRIU testing the kernel/);
});

test('a program that CRIU restored was not found elsewhere than CRIU itself', () => {
  const own = 0x7f17_0000_0000n;
  const ticks = T0 / (10n * MS);
  const ledger = begin();
  run(ledger, [read({ at: at(0), pid: 100, ticks: ticks - 10n, vdso: own, comm: 'criu' })]);
  run(ledger, [happened(forked({ at: at(50), pid: 100, in: 7, child: 200, comm: 'criu' }))]);
  const all = called({
    ...criu,
    at: at(60),
    call: 'munmap',
    args: [0x1000n, 1n << 47n],
    vdsoBefore: own,
    vdsoAfter: own,
  });
  run(ledger, [
    happened(all),
    happened(moved({ ...criu, at: at(62), from: 0x35000n, to: B })),
    happened({ ...moved({ ...criu, at: at(63), from: A, to: B }), kind: 'prctl' as const, option: 14n, result: 0n }),
  ]);
  const { lines } = run(ledger, [
    read({ at: at(120), pid: 200, ticks: ticks + 5n, vdso: B, comm: 'puppet' }),
    happened({ kind: 'heartbeat', at: at(900), emitted: 0n, received: 0n }),
  ]);
  assert.deepEqual(
    lines.filter(({ text }) => text.includes('not observed')),
    [],
  );
});
