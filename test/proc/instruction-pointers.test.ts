import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instructionPointers, parseSyscall } from '../../src/proc/instruction-pointers.js';
import { madeUpProc } from './made-up-proc.js';

test('the line of a task in a system call, blocked elsewhere, running', () => {
  const line = '0 0x3 0x7fe7e0d17000 0x20000 0x7fe7e0daab60 0xffffffff 0x0 0x7fff57cf7388 0x7fe7e0e932ad\n';
  assert.equal(parseSyscall(line), 0x7fe7e0e932adn);
  assert.equal(parseSyscall('-1 0x7fff57cf7388 0x7fe7e0e932ad\n'), 0x7fe7e0e932adn);
  for (const odd of ['running\n', '', '0', '0 0x1\n', 'x 0x1 0x2\n']) assert.equal(parseSyscall(odd), undefined, odd);
});

test('one thread that runs leaves the answer open', () => {
  const sleeping = '35 0x1 0x2 0x3 0x4 0x5 0x6 0x7000 0x401000\n';
  const of = (other: string) => {
    const { files } = madeUpProc({ '/proc/7/task/7/syscall': sleeping, '/proc/7/task/8/syscall': other });
    return instructionPointers(files, '/proc/7');
  };
  assert.deepEqual(of('-1 0x7000 0x402000\n'), [0x401000n, 0x402000n]);
  assert.equal(of('running\n'), undefined);
});
