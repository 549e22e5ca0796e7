import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queuesFor } from '../../src/bpftrace/queues.js';

test('queues for the machines that can flush them', () => {
  assert.deepEqual(queuesFor('6.18.44', '0-1\n'), { cpus: 2, deep: 128 });
  assert.deepEqual(queuesFor('5.3.0-rc1', '0\n'), { cpus: 1, deep: 128 });
  assert.deepEqual(queuesFor('6.1.0', '0-11\n'), { cpus: 12, deep: 64 });
  assert.deepEqual(queuesFor('6.1.0', '0-31\n'), { cpus: 32, deep: 32 });
});

test('without: a verifier that takes no loop, too many CPUs to look at, or an unknown number', () => {
  assert.equal(queuesFor('5.2.21', '0-1\n'), undefined);
  assert.equal(queuesFor('4.18.0-553.el8', '0-1\n'), undefined);
  assert.equal(queuesFor('6.1.0', '0-63\n'), undefined);
  assert.equal(queuesFor('6.1.0', ''), undefined);
});
