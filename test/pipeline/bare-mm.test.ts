import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../src/model/event.js';
import {
  begin,
  execed,
  exited,
  forked,
  happened,
  livingOf,
  MS,
  moved,
  read,
  run,
  stateOf,
  T0,
  VFORK,
} from './build.js';

/** Where the kernel gives an address space no number of its own, its mm pointer is all there is; and it is recycled. */

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const at = (ms: number): bigint => T0 + BigInt(ms) * MS;

const bare = <E extends Event>(event: E, mm: bigint): E => ({ ...event, space: { id: 0n, mm } });
const known = (pid: number) => read({ at: at(0), pid, ticks: 400_000n, vdso: A });

test('a pointer that was freed and given to another process joins nobody', () => {
  const ledger = begin();
  run(ledger, [known(100), known(200)]);
  run(ledger, [happened(bare(moved({ at: at(10), pid: 100, in: 0, from: A, to: B }), 0xaan))]);
  run(ledger, [happened(bare(exited({ at: at(20), pid: 100, in: 0 }), 0xaan))]);
  const frame = run(ledger, [happened(bare(moved({ at: at(30), pid: 200, in: 0, from: A, to: B }), 0xaan))]);
  assert.equal(stateOf(frame, 200).space?.moves, 1);
  assert.equal(stateOf(frame, 200).space?.sharers, 1);
});

test('even when the exit was lost', () => {
  const ledger = begin();
  run(ledger, [known(100), known(200)]);
  run(ledger, [happened(bare(moved({ at: at(10), pid: 100, in: 0, from: A, to: B }), 0xaan))]);
  const frame = run(ledger, [happened(bare(moved({ at: at(30), pid: 200, in: 0, from: A, to: B }), 0xaan))]);
  assert.notEqual(livingOf(frame, 200).space.id, livingOf(frame, 100).space.id);
});

test('sharing is learnt from the flags of the clone', () => {
  const ledger = begin();
  run(ledger, [known(100), happened(bare(forked({ at: at(10), pid: 100, in: 0, child: 200, flags: VFORK }), 0xaan))]);
  const frame = run(ledger, [happened(bare(moved({ at: at(20), pid: 200, in: 0, from: A, to: B }), 0xaan))]);
  assert.equal(livingOf(frame, 100).space.id, livingOf(frame, 200).space.id);
  assert.equal(stateOf(frame, 100).space?.moves, 1);
});

test('exec gives a new address space, though its pointer may be one that was known', () => {
  const ledger = begin();
  run(ledger, [known(100), known(200)]);
  run(ledger, [happened(bare(moved({ at: at(10), pid: 100, in: 0, from: A, to: B }), 0xaan))]);
  const frame = run(ledger, [happened(bare(execed({ at: at(20), pid: 200, in: 0, vdso: A }), 0xaan))]);
  assert.notEqual(livingOf(frame, 200).space.id, livingOf(frame, 100).space.id);
  assert.equal(stateOf(frame, 200).process?.generation, 1);
  assert.equal(stateOf(frame, 100).space?.moves, 1);
});

test('an exit without a pointer ends the process all the same', () => {
  const ledger = begin();
  run(ledger, [known(100)]);
  const frame = run(ledger, [happened(bare(exited({ at: at(20), pid: 100, in: 0 }), 0n))]);
  assert.equal(stateOf(frame, 100).process, undefined);
});
