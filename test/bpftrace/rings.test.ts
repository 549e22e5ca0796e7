import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastValueFrom, toArray } from 'rxjs';
import type { Bpftrace } from '../../src/bpftrace/find.js';
import { cpuLook, deafness, lacksRing } from '../../src/bpftrace/rings.js';
import { session } from '../../src/bpftrace/session.js';
import { fake } from './fake.js';

test('a CPU of a list is overlooked', () => {
  assert.deepEqual([...cpuLook('0-2,33,64-65\n', 0n).online], [0, 1, 2, 33, 64, 65]);
  assert.deepEqual([...cpuLook('', 0n).online], []);
});

test('a CPU that came, or came back, is taken to be heard', () => {
  const lacks = (before: string, now: string): boolean => lacksRing(cpuLook(before, 0n), cpuLook(now, 0n));
  assert.deepEqual([lacks('0-3', '0-4'), lacks('0-2', '0-3'), lacks('0-6,8-39', '0-39')], [true, true, true]);
  assert.deepEqual([lacks('0-3', '0-3'), lacks('0-3', '0-2'), lacks('0-3', '')], [false, false, false]);
});

test('the CPUs are taken to be heard as before after the machine has slept', () => {
  const lacks = (slept: bigint): boolean => lacksRing(cpuLook('0-3', 5n), cpuLook('0-3', 5n + slept));
  assert.deepEqual([lacks(2_000_000_000n), lacks(10_000_000n), lacks(-1_000_000_000n)], [true, false, false]);
});

test('CPUs without a place in the table of rings are taken to be heard', () => {
  assert.match(deafness('0-1,33,39\n') ?? '', /nothing of CPU 33, 39,/);
  assert.match(deafness('0,2,4') ?? '', /nothing of CPU 4,/);
  assert.deepEqual([deafness('0-39'), deafness('0'), deafness('')], [undefined, undefined, undefined]);
});

const endOf = async (bpftrace: Bpftrace, ...online: readonly [string, ...string[]]): Promise<string | undefined> => {
  const left = [...online];
  const happenings = await lastValueFrom(
    session({
      bpftrace,
      script: '',
      decoding: { arch: 'x64', knowsVdso: true, knowsLastExit: true },
      clock: () => 0n,
      patience: { start: 60_000, look: 10, silent: 3 },
      online: () => (left.length > 1 ? left.shift() : left[0]) ?? '',
    }).pipe(toArray()),
  );
  const last = happenings.at(-1);
  return last?.kind === 'ended' ? last.failure.text : undefined;
};

test('a CPU that came online is not heard for as long as bpftrace 0.17 runs', async () => {
  const living = 'beat(10); setTimeout(() => {}, 60_000);';
  const rings: Bpftrace = { ...fake(living), version: '0.17.0', minor: 17 };
  assert.match((await endOf(rings, '0-1', '0-1', '0-2')) ?? '', /a CPU came online/);
  assert.match((await endOf(rings, '0-1', '0', '0-1')) ?? '', /a CPU came online/);
  assert.match((await endOf(rings, '0-1', '0')) ?? '', /said nothing/);
  assert.match((await endOf(fake(living), '0-1', '0-2')) ?? '', /said nothing/);
});
