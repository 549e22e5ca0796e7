import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, happened, MS, placeOf, read, run, stateOf, T0 } from './build.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const C = 0x7d00_0000_0000n;
const at = (ms: number): bigint => T0 + BigInt(ms) * MS;
const process = { pid: 100, ticks: 400_000n };

test('a move is seen by its effect, and the line says that the call was not', () => {
  const ledger = begin('polling');
  run(ledger, [read({ ...process, at: at(0), vdso: A })]);
  const frame = run(ledger, [read({ ...process, at: at(500), vdso: B, auxv: A })]);
  assert.deepEqual(placeOf(frame, 100), { start: B, moved: true });
  assert.equal(stateOf(frame, 100).space?.moves, 1);
  assert.match(
    frame.lines.at(-1)?.text ?? '',
    /found at 0x7e0000000000, was at 0x7f0000000000; the call was not observed/,
  );
  assert.equal(frame.lines.find(({ finding }) => finding)?.finding?.code, 'vdso-moved');
});

test('moved there and back between two sweeps: nothing to see, nothing said', () => {
  const ledger = begin('polling');
  run(ledger, [read({ ...process, at: at(0), vdso: A })]);
  assert.deepEqual(run(ledger, [read({ ...process, at: at(500), vdso: A })]).lines, []);
});

test('a finding that is over is said to be over, once', () => {
  const ledger = begin('polling');
  run(ledger, [read({ ...process, at: at(0), vdso: A })]);
  run(ledger, [read({ ...process, at: at(500), vdso: B, auxv: A })]);
  const back = run(ledger, [read({ ...process, at: at(1000), vdso: A })]);
  assert.deepEqual(
    back.lines.filter(({ finding }) => finding).map(({ gone, severity }) => ({ gone, severity })),
    [{ gone: true, severity: 'info' }],
  );
  assert.deepEqual(run(ledger, [read({ ...process, at: at(1500), vdso: A })]).lines, []);
});

test('what was found of a process is not over when it dies', () => {
  const ledger = begin('polling');
  run(ledger, [read({ ...process, at: at(0), vdso: B, auxv: A })]);
  assert.deepEqual(run(ledger, [read({ ...process, at: at(500), state: 'Z' })]).lines, []);
});

test('an exec is seen by another image: a new generation, no move', () => {
  const ledger = begin('polling');
  run(ledger, [read({ ...process, at: at(0), vdso: A })]);
  const frame = run(ledger, [read({ ...process, at: at(500), vdso: C })]);
  assert.deepEqual(placeOf(frame, 100), { start: C, moved: false });
  assert.equal(stateOf(frame, 100).process?.generation, 1);
  assert.equal(stateOf(frame, 100).space?.moves, 0);
  assert.equal(frame.state.spaces.size, 1);
});

test('a rewritten auxv entry, all else in place, is no exec', () => {
  const ledger = begin('polling');
  const full = (ms: number, put: bigint) => {
    const snapshot = read({ ...process, at: at(ms), vdso: A });
    const auxv = new Map([
      ...[3n, 9n, 25n].map((value, index): [number, bigint] => [[3, 9, 25][index] ?? 0, value]),
      [33, put],
    ]);
    return {
      ...snapshot,
      evidence: { ...snapshot.evidence, auxv: { wordSize: 8 as const, littleEndian: true, entries: auxv } },
    };
  };
  run(ledger, [full(0, A)]);
  const frame = run(ledger, [full(500, B)]);
  assert.equal(stateOf(frame, 100).process?.generation, 0);
});

test('the census ends who has gone; the same pid with another start is another process', () => {
  const ledger = begin('polling');
  run(ledger, [read({ ...process, at: at(0), vdso: A }), read({ pid: 101, ticks: 400_000n, at: at(0), vdso: A })]);
  run(ledger, [{ kind: 'census', at: at(500), pids: new Set([100, 101]) }]);
  const frame = run(ledger, [read({ pid: 100, ticks: 500_050n, at: at(510), vdso: C })]);
  assert.deepEqual(placeOf(frame, 100), { start: C, moved: false });
  const next = run(ledger, [{ kind: 'census', at: at(1000), pids: new Set([100]) }]);
  assert.equal(stateOf(next, 101).process, undefined);
  assert.equal([...next.state.processes.values()].filter(({ exitedAt }) => exitedAt === undefined).length, 1);
});

test('what a host does not let us see is said once', () => {
  const ledger = begin('polling');
  const status = { mode: 'polling', text: 'polling: bpftrace not found', notes: ['Not root: ...'] } as const;
  const first = run(ledger, [happened({ kind: 'status', at: at(0), status })]);
  const second = run(ledger, [happened({ kind: 'status', at: at(1), status })]);
  assert.equal(first.lines[0]?.text, 'polling: bpftrace not found; Not root: ...');
  assert.equal(second.lines[0]?.text, 'polling: bpftrace not found');
  assert.deepEqual(second.state.tracer.notes, ['Not root: ...']);
});

test('notes that are sentences are joined as parts of one: no full stop before a semicolon', () => {
  const status = {
    mode: 'polling',
    text: 'polling: x',
    notes: ['x: mend it', 'Pages are hidden.', 'All alone.'],
  } as const;
  const { lines } = run(begin('polling'), [happened({ kind: 'status', at: at(0), status })]);
  assert.equal(lines[0]?.text, 'polling: x; mend it; Pages are hidden; All alone.');
});
