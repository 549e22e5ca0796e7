import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCompat, forgetDead, trackCompat } from '../../src/bpftrace/compat-tasks.js';
import type { Event } from '../../src/model/event.js';
import { fileFolder } from '../folder.js';

const seen = (tgid: number) => ({ at: 1n, tgid, tid: tgid, comm: '', space: { id: 1n, mm: 1n } });
const exec = (tgid: number, vdso: bigint | undefined): Event => ({ kind: 'exec', ...seen(tgid), vdso });
const fork = (tgid: number, childPid: number): Event => ({ kind: 'fork', ...seen(tgid), childPid, cloneFlags: 0n });
const exit = (tgid: number): Event => ({ kind: 'exit', ...seen(tgid), wholeProcess: true, status: 0 });

const left = (...events: readonly Event[]): readonly number[] => {
  const alive = new Set<number>();
  for (const event of events) trackCompat(alive, event);
  return [...alive];
};

test('a 32-bit image, its children, and their end', () => {
  assert.deepEqual(left(exec(5, 0xf7ff3000n)), [5]);
  assert.deepEqual(left(exec(5, 0xf7ff3000n), fork(5, 6), exit(5)), [6]);
  assert.deepEqual(left(exec(5, 0xf7ff3000n), fork(5, 6), exit(6), exit(5)), []);
});

test('64-bit images, images without a vDSO, and unknown ones do not count', () => {
  assert.deepEqual(left(exec(5, 0x7f0000000000n), exec(6, 0n), exec(7, undefined)), []);
});

test('a 32-bit process that becomes a 64-bit one no longer counts', () => {
  assert.deepEqual(left(exec(5, 0xf7ff3000n), exec(5, 0x7f0000000000n)), []);
});

const root = fileFolder();

/** A header like an ELF file's: class 1 or 2, e_machine. */
const image = (pid: string, elfClass: number, machine: number, magic = 0x7f454c46): void => {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(magic, 0);
  header[4] = elfClass;
  header.writeUInt16LE(machine, 18);
  mkdirSync(join(root, pid));
  writeFileSync(join(root, pid, 'exe'), header);
};

test('running 32-bit processes are found by their ELF header, and forgotten when gone', async () => {
  image('10', 1, 3);
  image('11', 2, 62);
  image('12', 1, 62); // x32
  image('13', 1, 3, 0x23212f62);
  image('14', 1, 40);
  mkdirSync(join(root, '15')); // a kernel thread: no exe
  mkdirSync(join(root, 'self'));
  writeFileSync(join(root, 'uptime'), '');
  const alive = new Set<number>();
  await findCompat(alive, new AbortController().signal, root);
  assert.deepEqual([...alive].sort(), [10, 14]);
  rmSync(join(root, '10'), { recursive: true });
  alive.add(99);
  forgetDead(alive, root);
  assert.deepEqual([...alive], [14]);
});

test('a search that was called off adds nothing', async () => {
  const alive = new Set<number>();
  await findCompat(alive, AbortSignal.abort(), root);
  assert.deepEqual([...alive], []);
});
