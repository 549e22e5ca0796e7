import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayTrace, ownWindow, queuesFor } from '../../src/bpftrace/host.js';

test('queues for the machines that can flush them', () => {
  assert.deepEqual(queuesFor('6.18.44', '0-1\n'), { cpus: 2, deep: 128 });
  assert.deepEqual(queuesFor('5.3.0-rc1', '0\n'), { cpus: 1, deep: 128 });
  assert.deepEqual(queuesFor('6.1.0', '0-11\n'), { cpus: 12, deep: 64 });
  assert.deepEqual(queuesFor('6.1.0', '0-31\n'), { cpus: 32, deep: 32 });
});

test('a machine that could have 128 CPUs has no queue for the few that run', () => {
  assert.deepEqual(queuesFor('6.1.0', '0-127\n'), { cpus: 32, deep: 32 });
  assert.deepEqual(queuesFor('6.1.0', '0-32\n'), { cpus: 32, deep: 32 });
});

test('without: a verifier that takes no loop, or an unknown number', () => {
  assert.equal(queuesFor('5.2.21', '0-1\n'), undefined);
  assert.equal(queuesFor('4.18.0-553.el8', '0-1\n'), undefined);
  assert.equal(queuesFor('6.1.0', ''), undefined);
});

test('the own window is what touches the vDSO, whichever side', () => {
  const maps = (lines: readonly [string, string][]): string =>
    lines.map(([range, name]) => `${range} r-xp 00000000 00:00 0 ${' '.repeat(20)}${name}\n`).join('');
  assert.deepEqual(
    ownWindow(
      maps([
        ['1000-5000', '[vvar]'],
        ['5000-7000', '[vvar_vclock]'],
        ['7000-9000', '[vdso]'],
        ['9000-a000', ''],
      ]),
    ),
    { below: 0x6000n, above: 0x2000n },
  );
  assert.deepEqual(
    ownWindow(
      maps([
        ['1000-3000', '[vdso]'],
        ['3000-4000', '[vvar]'],
      ]),
    ),
    { below: 0n, above: 0x3000n },
  );
  assert.deepEqual(
    ownWindow(
      maps([
        ['1000-2000', '[vvar]'],
        ['7000-9000', '[vdso]'],
      ]),
    ),
    { below: 0n, above: 0x2000n },
  );
  assert.equal(ownWindow(maps([['1000-2000', '[heap]']])), undefined);
});

test('who may trace, by capabilities', () => {
  const status = (mask: bigint): string => `CapPrm:\t0\nCapEff:\t${mask.toString(16).padStart(16, '0')}\nCapBnd:\t0\n`;
  assert.equal(mayTrace(status(0x1ffffffffffn)), true);
  assert.equal(mayTrace(status(1n << 21n)), true);
  assert.equal(mayTrace(status((1n << 38n) | (1n << 39n))), true);
  assert.equal(mayTrace(status(1n << 39n)), false);
  assert.equal(mayTrace(status(0n)), false);
  assert.equal(mayTrace(''), undefined);
});
