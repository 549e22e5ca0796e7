import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { sizeOf } from '../../src/model/vma.js';
import { moveVdsoAlone, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { testFolder } from '../folder.js';
import { cover, moveBlock, unmap } from '../puppet/moves.js';
import { puppetFor } from '../puppet/with-puppet.js';
import { needs } from './needs.js';
import { replayLines, startRecording, vdsowatch } from './recording.js';

/** Issue 4, Shows 3 and 5: a recording gives again what was seen, and survives what ends it. */

const live = { ...needs('root', 'bpftrace'), timeout: 180_000 };
const polled = { ...needs('root'), timeout: 180_000 };

const textsOf = (lines: readonly string[], pid: number): readonly string[] =>
  lines.flatMap((line) => {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('text' in value)) return [];
    return value.pid === pid ? [String(value.text)] : [];
  });

for (const name of ['trace.ndjson', 'trace.ndjson.gz'])
  test(`a replay of ${name} prints what was printed live, byte for byte`, live, async (context) => {
    const recording = startRecording(context, join(testFolder(context), name));
    await recording.ready;
    const puppet = await puppetFor(context);
    const to = await moveVdsoAlone(puppet);
    await recording.line((line) => textsOf([line], puppet.pid).some((text) => text.startsWith('vdso-moved')));
    await moveBlock(puppet);
    const child = await puppet.fork();
    const inherited = vdsoOf(child);
    await cover(child, inherited.start, sizeOf(inherited));
    await unmap(puppet, vdsoBlock(puppet).all);
    await puppet.exec();
    await child.kill();
    await recording.line((line) => textsOf([line], puppet.pid).some((text) => text.startsWith('exec')));
    await recording.line((line) => textsOf([line], child.pid).some((text) => text.startsWith('killed by SIGKILL')));
    assert.equal(await recording.end('SIGINT'), 130);
    const live = recording.printed.map(({ line }) => line);
    const replayed = await replayLines(recording.file);
    assert.deepEqual(replayed.lines, live);
    assert.equal(replayed.said, '');
    // The same states, made again from what the pipeline was given, say the same.
    assert.deepEqual((await replayLines(recording.file, '--again')).lines, live);
    const told = textsOf(live, puppet.pid);
    assert.ok(
      told.some((text) => text.includes(`vDSO moved`) && text.includes(to.toString(16))),
      told.join('\n'),
    );
    assert.ok(
      told.some((text) => text.startsWith('vdso-moved')),
      told.join('\n'),
    );
    assert.equal(statSync(recording.file).mode & 0o777, 0o600);
  });

test('killed ten times at random: every file is readable, and at most a second is lost', polled, async (context) => {
  const folder = testFolder(context);
  for (let run = 0; run < 10; run += 1) {
    const file = join(folder, `trace-${run}.ndjson${run % 2 === 0 ? '' : '.gz'}`);
    const recording = startRecording(context, file, '--no-bpf');
    await recording.ready;
    const puppet = await puppetFor(context);
    let moving = true;
    const moves = (async () => {
      while (moving) {
        await moveVdsoAlone(puppet);
        await sleep(50);
      }
    })();
    await recording.line((line) => textsOf([line], puppet.pid).length > 0);
    await sleep(1000 + Math.random() * 1500);
    const killedAt = performance.now();
    assert.equal(await recording.end('SIGKILL'), -1);
    moving = false;
    await moves;
    const { lines } = await replayLines(file);
    const live = recording.printed.map(({ line }) => line);
    const must = recording.printed.filter(({ at }) => at < killedAt - 1000).length;
    assert.deepEqual(lines.slice(0, must), live.slice(0, must));
    assert.ok(lines.length >= must && must > 0, `${lines.length} of ${live.length}, at least ${must}`);
    await puppet.kill();
  }
});

test('rotated, it keeps the newest files, and they replay as one', polled, async (context) => {
  const folder = testFolder(context);
  const file = join(folder, 'trace');
  const recording = startRecording(context, file, '--no-bpf', '--rotate', '64K', '--keep', '3');
  await recording.ready;
  const puppet = await puppetFor(context);
  while (!existsSync(`${file}.2`)) {
    await moveVdsoAlone(puppet);
    await sleep(20);
  }
  await recording.end('SIGTERM');
  assert.deepEqual(readdirSync(folder).sort(), ['trace', 'trace.1', 'trace.2']);
  const { lines, said } = await replayLines(file);
  assert.equal(said, '');
  // From the oldest file that is left on, it is what was printed, but for what that file begins with.
  const live = recording.printed.map(({ line }) => line);
  const tail = lines.slice(-20);
  assert.deepEqual(tail, live.slice(-tail.length));
});

test('a command is recorded while it runs, and its exit status is passed on', polled, async (context) => {
  const folder = testFolder(context);
  const cases: readonly [string, readonly string[], number][] = [
    ['status', ['sh', '-c', 'exit 7'], 7],
    ['signal', ['sh', '-c', 'kill -TERM $$'], 143],
    ['missing', ['/nonexistent/program'], 127],
  ];
  for (const [name, command, status] of cases) {
    const run = await vdsowatch(['record', '--no-bpf', '-o', join(folder, name), '--', ...command]);
    assert.equal(run.exitCode, status, run.stderr);
    assert.deepEqual((await replayLines(join(folder, name))).said, '');
  }
});

test('a command alone is recorded with --tree', live, async (context) => {
  const file = join(testFolder(context), 'trace');
  const run = await vdsowatch(['record', '-o', file, '--tree', '--', 'sh', '-c', 'sleep 0.2; sleep 0.2']);
  assert.equal(run.exitCode, 0, run.stderr);
  const { lines } = await replayLines(file);
  const comms = new Set(lines.flatMap((line) => /"comm":"([^"]*)"/.exec(line)?.[1] ?? []));
  assert.ok(comms.has('sleep'));
  for (const comm of comms) assert.ok(['sh', 'sleep', 'node', 'vdsowatch'].includes(comm), [...comms].join(' '));
  assert.ok(lines.some((line) => line.includes('"exited"') && line.includes('"sleep"')));
});

test('a recording that ends before all has come from the kernel ends with a gap', live, async (context) => {
  const recording = startRecording(context, join(testFolder(context), 'trace'));
  await recording.ready;
  const puppet = await puppetFor(context);
  const children = readFileSync(`/proc/${recording.pid}/task/${recording.pid}/children`, 'latin1').trim().split(' ');
  const tracer = children.map(Number).find((pid) => readFileSync(`/proc/${pid}/comm`, 'latin1') === 'bpftrace\n');
  assert.ok(tracer !== undefined);
  process.kill(tracer, 'SIGSTOP');
  await moveVdsoAlone(puppet);
  assert.equal(await recording.end('SIGINT'), 130);
  assert.match(recording.said(), /the newest events had not come from the kernel yet/);
  const { lines } = await replayLines(recording.file);
  assert.match(lines.at(-1) ?? '', /"cause":"stuck"/);
  assert.deepEqual(
    lines,
    recording.printed.map(({ line }) => line),
  );
});

test('a full disk is told at once, and what was recorded so far is whole', polled, async (context) => {
  const disk = mkdtempSync(join(tmpdir(), 'vdsowatch-full-'));
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]);
  context.after(async () => {
    await execa('umount', ['--lazy', disk]);
    rmdirSync(disk);
  });
  const file = join(disk, 'trace');
  const recording = startRecording(context, file, '--no-bpf');
  const puppet = await puppetFor(context);
  let moving = true;
  const moves = (async () => {
    while (moving) {
      await moveVdsoAlone(puppet);
      await sleep(5);
    }
  })();
  assert.equal(await recording.ended, 3);
  moving = false;
  await moves;
  assert.match(recording.said(), /the disk is full\. Free some space/);
  assert.match(recording.said(), /findings seen, the first of them recorded in \d+ bytes/);
  const { lines, said } = await replayLines(file);
  assert.equal(said, '');
  assert.ok(lines.length > 0);
});

test('a directory that vanishes is told at once', polled, async (context) => {
  const folder = join(testFolder(context), 'inner');
  mkdirSync(folder);
  const recording = startRecording(context, join(folder, 'trace'), '--no-bpf');
  await recording.ready;
  rmSync(folder, { recursive: true });
  assert.equal(await recording.ended, 3);
  assert.match(recording.said(), /has been deleted/);
});

test('what cannot be recorded to is refused in a sentence', polled, async (context) => {
  const folder = testFolder(context);
  for (const path of [folder, join(folder, 'missing', 'trace'), '/etc/passwd']) {
    const run = await vdsowatch(['record', '--no-bpf', '-o', path]);
    assert.equal(run.exitCode, 3);
    assert.match(run.stderr, /^vdsowatch: [^\n]+\.( [^\n]+\.)?\n?$/);
  }
});

test('a recording that ends before the probes are attached says so', live, async (context) => {
  const ended = await vdsowatch(['record', '-o', join(testFolder(context), 'trace'), '--duration', '0']);
  assert.equal(ended.exitCode, 0, ended.stderr);
  assert.match(
    ended.stderr,
    /trace: it ended before the probes were attached, so what happened meanwhile is not in it\n/,
  );
});
