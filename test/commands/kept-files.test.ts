import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileFolder } from '../folder.js';
import { recordedStory } from '../trace/story.js';
import { MAIN, runProgram } from './run-program.js';

const folder = fileFolder();
const at = (name: string): string => join(folder, name);
writeFileSync(at('a.ndjson'), recordedStory(), 'latin1');
writeFileSync(at('b.ndjson'), recordedStory(), 'latin1');

test('a page is not written over what is no page: --html *.ndjson names a recording', async () => {
  const { status, errors } = await runProgram(['analyze', '--html', 'a.ndjson', 'b.ndjson'], { cwd: folder });
  assert.equal(status, 3);
  assert.match(errors, /a\.ndjson is there and is no page/);
  assert.equal(readFileSync(at('a.ndjson'), 'latin1'), recordedStory());
  for (const _ of ['new', 'again']) {
    const page = await runProgram(['analyze', '--html', 'page.html', 'b.ndjson'], { cwd: folder });
    assert.notEqual(page.status, 3, page.errors);
    assert.match(readFileSync(at('page.html'), 'utf8'), /^<!DOCTYPE html>/);
  }
});

test('a page for standard output goes into a file called "-"', async () => {
  for (const place of ['-', '']) {
    const { status, errors } = await runProgram(['analyze', 'b.ndjson', '--html', place], { cwd: folder });
    assert.equal(status, 2);
    assert.match(errors, /A page goes to a file\. Give its name\./);
    assert.ok(!existsSync(at('-')));
  }
});

test('a rotation leaves what has the names of its files alone', async () => {
  writeFileSync(at('r.ndjson.2'), 'precious');
  const words = ['record', '--no-bpf', '-o', 'r.ndjson', '--rotate', '64K', '--keep', '3', '--duration', '1'];
  const { status, errors } = await runProgram(words, { cwd: folder });
  assert.equal(status, 3);
  assert.match(errors, /r\.ndjson\.2 is there already/);
  assert.equal(readFileSync(at('r.ndjson.2'), 'utf8'), 'precious');
  assert.ok(!existsSync(at('r.ndjson')));
});

test('an archive that a signal cut short is not left behind', async () => {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const archive = at('cut.tar.gz');
  const child = spawn(process.execPath, [MAIN, 'capture', ...pids, '-o', archive], { stdio: 'ignore' });
  const ended = once(child, 'close');
  while (child.exitCode === null && !existsSync(archive)) await setTimeout(1);
  child.kill('SIGTERM');
  const [status] = await ended;
  // It may have been quicker: then it is whole.
  if (status === 143) assert.ok(!existsSync(archive));
  else execFileSync('gzip', ['-t', archive]);
});

test('a pipe and a device are no host to restore on', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  for (const target of [at('pipe'), '/dev/zero']) {
    const { status, errors } = await runProgram(['analyze', at('a.ndjson'), '--target', target]);
    assert.equal(status, 3, errors);
    assert.match(errors, /is no file\./);
  }
});

test('what cannot become a recording or a bundle is said by a number alone', async () => {
  execFileSync('mkfifo', [at('unread')]);
  symlinkSync('nowhere', at('leads-nowhere'));
  for (const [words, sentence] of [
    [['record', '--no-bpf', '-o', 'unread'], /unread is no file\. Give another name, or remove it first\./],
    [['record', '--no-bpf', '-o', 'a.ndjson/b'], /what its path takes for a directory is none\. Make the directory/],
    [['record', '--no-bpf', '-o', 'x'.repeat(300)], /its name is too long\. Give a shorter one\./],
    [['capture', String(process.pid), '-o', 'leads-nowhere'], /Something has that name: give another\./],
  ] as const) {
    const { status, errors } = await runProgram(words, { cwd: folder });
    assert.equal(status, 3, errors);
    assert.match(errors, sentence);
  }
});

test('an empty VDSOWATCH_VETO is none', async () => {
  const env = { VDSOWATCH_VETO: '', CRTOOLS_SCRIPT_ACTION: 'setup-namespaces' };
  const { status, errors } = await runProgram([], { env });
  assert.equal(status, 0, errors);
});

test('a recording comes whole through <(command)', {
  skip: !existsSync('/bin/bash') && 'there is no bash',
}, async () => {
  const plain = await runProgram(['replay', at('a.ndjson')]);
  const script = `'${process.execPath}' '${MAIN}' replay <(cat '${at('a.ndjson')}')`;
  const child = spawn('/bin/bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await once(child, 'close');
  assert.equal(errors, '');
  assert.equal(out, plain.out);
});

test('record runs for longer than Node can wait at once', async () => {
  const words = [MAIN, 'record', '--no-bpf', '--duration', '2592000', '-o', at('long.ndjson')];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  for (let tries = 0; tries < 200 && child.exitCode === null && !/recording to/.test(errors); tries += 1)
    await setTimeout(100);
  await setTimeout(300);
  assert.equal(child.exitCode, null, errors);
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'close'), [130, null]);
});
