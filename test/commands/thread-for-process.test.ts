import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { captureScript } from '../../src/bundle/script.js';
import { fileFolder } from '../folder.js';
import { runProgram } from './run-program.js';

/** Of this process: Node has some of its own. */
const thread = readdirSync('/proc/self/task').find((name) => name !== String(process.pid)) ?? '';
const sentence = `${thread} is no process: it is a thread of process ${process.pid}. Give ${process.pid}.`;
const folder = fileFolder();

for (const [words, status] of [
  ['ps', 2],
  ['check --tree', 2],
  ['capture -o new', 2],
  ['watch --no-bpf --duration 1 -p', 2],
  ['record --no-bpf --duration 1 -o new -p', 2],
  [`diff ${process.pid}`, 3],
] as const)
  test(`a thread is taken for a process, for whom nothing ever happens: ${words.replace(/\d+/, 'PID')}`, async () => {
    const ended = await runProgram([...words.split(' '), thread], { cwd: folder });
    assert.deepEqual([ended.status, ended.out, ended.errors], [status, '', `vdsowatch: ${sentence}\n`]);
    assert.deepEqual(readdirSync(folder), []);
  });

test('the script captures a thread as a process', () => {
  const script = captureScript();
  assert.ok(script.ok);
  const ended = spawnSync('sh', ['-s', '--', '-o', join(folder, 'new'), thread], {
    input: script.value,
    encoding: 'utf8',
  });
  assert.equal(ended.status, 3);
  assert.ok(ended.stderr.includes(sentence), ended.stderr);
  assert.deepEqual(readdirSync(folder), []);
});
