import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noProcess } from '../../src/proc/no-process.js';
import { madeUpProc } from './made-up-proc.js';

const mounted = (options: string) =>
  madeUpProc({ '/proc/self/mounts': `proc /proc proc rw,relatime${options} 0 0\n` }).files;

test('a process that hidepid hides is not said to be none', () => {
  const hidden = noProcess(7, mounted(',hidepid=invisible'), () => true);
  assert.deepEqual(
    [hidden.kind, hidden.text, hidden.mend],
    ['no-privilege', 'Process 7 is hidden from this user: /proc is mounted with hidepid=invisible.', 'Run as root.'],
  );
  assert.equal(noProcess(7, mounted(',hidepid=2'), () => false).text, 'There is no process 7.');
  // It ended between two looks, or is a thread.
  assert.equal(noProcess(7, mounted(''), () => true).kind, 'no-process');
});

test('the kernel is asked whether it runs', () => {
  assert.equal(noProcess(process.ppid, mounted(',hidepid=2')).kind, 'no-privilege');
  assert.equal(noProcess(999_999_999, mounted(',hidepid=2')).kind, 'no-process');
});
