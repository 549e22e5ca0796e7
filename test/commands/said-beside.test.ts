import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { GOOD, withDirectory } from '../bundle/made-bundle.js';
import { runProgram } from './run-program.js';

const FILES = Object.fromEntries(Object.entries(GOOD).map(([name, content]) => [`bundle/${name}`, content]));

test('analyze took a CRIU newer than the known ones for the newest of them without a word', async () => {
  await withDirectory(FILES, async (cwd) => {
    const { errors, status } = await runProgram(['analyze', '--criu', '9.9', 'bundle'], { cwd });
    assert.match(errors, /CRIU 9\.9 is newer than what is known/);
    assert.equal(status, 0);
  });
});

test('analyze passed --target over where nothing given is asked about it', async () => {
  await withDirectory(FILES, async (cwd) => {
    const { errors } = await runProgram(['analyze', '--target', 'this', 'bundle'], { cwd });
    assert.match(errors, /--target is asked about CRIU images, and none are given/);
  });
});

test('check did not say that no CRIU is installed, and which one it asks about then', async () => {
  const pid = String(process.pid);
  const bare = { env: { PATH: '/nowhere' } };
  const assumed = await runProgram(['check', pid], bare);
  assert.match(assumed.errors, /No CRIU is installed here: asked about \d+\.\d+, the newest known\./);
  const named = await runProgram(['check', '--criu', '4.1', pid], bare);
  assert.doesNotMatch(named.errors, /No CRIU/);
});

test('check called the outcome of a zombie unknown, for want of a vDSO to ask about', async () => {
  // The shell becomes a program that never waits for the child it had.
  const parent = spawn('sh', ['-c', 'true & exec sleep 60'], { stdio: 'ignore' });
  try {
    const pid = String(parent.pid);
    const isZombie = (): boolean =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
        .split(' ')
        .some((child) => child !== '' && readFileSync(`/proc/${child}/stat`, 'latin1').includes(') Z '));
    while (readFileSync(`/proc/${pid}/comm`, 'latin1') !== 'sleep\n' || !isZombie()) await setTimeout(10);
    const { out, status } = await runProgram(['check', '--tree', pid]);
    assert.match(out, /^\d+ +\S+ +no memory +- +- +- +-$/m);
    assert.doesNotMatch(out, /unknown/);
    assert.equal(status, 0);
  } finally {
    parent.kill();
  }
});

test('an empty path was told as a gap in a sentence', async () => {
  const { errors, status } = await runProgram(['analyze', '']);
  assert.match(errors, /^vdsowatch: "" does not exist\. /);
  assert.equal(status, 3);
});
