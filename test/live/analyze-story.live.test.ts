import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { execa } from 'execa';
import { type Report, ReportJson } from '../../src/model/report.js';
import { sizeOf } from '../../src/model/vma.js';
import { moveStep, reserve, vdsoOf } from '../../src/puppet/moves.js';
import { testFolder } from '../folder.js';
import type { Puppet } from '../puppet/puppet.js';
import { puppetFor } from '../puppet/with-puppet.js';
import { letGo, roundTrip, untilAsleep } from './criu-round-trip.js';
import { needs, testRoots } from './needs.js';
import { startRecording, vdsowatch } from './recording.js';

/** Issue 4, Shows 2: who had written into the vDSO, when, and that a restore lost it. */

const RWX = 7n;
const RX = 5n;

/** As a hooking library does it: writable, a few bytes of code, as before. */
const hookItself = async (puppet: Puppet): Promise<void> => {
  const { start } = vdsoOf(puppet);
  const size = sizeOf(vdsoOf(puppet));
  assert.equal(await puppet.call('mprotect', start, size, RWX), 0n);
  await puppet.poke(start + 0x800n, Buffer.from('cccccccc', 'hex'));
  assert.equal(await puppet.call('mprotect', start, size, RX), 0n);
};

/** One that is being recorded from its start, and a directory for its images. */
const recordedPuppet = async (context: TestContext) => {
  const folder = testFolder(context);
  const images = join(folder, 'img');
  mkdirSync(images);
  const recording = startRecording(context, join(folder, 'trace.ndjson'));
  await recording.ready;
  return { folder, images, recording, puppet: await puppetFor(context) };
};

const reportOf = (text: string): Report => {
  const value: unknown = JSON.parse(text);
  assert.ok(Value.Check(ReportJson, value), [...Value.Errors(ReportJson, value)].map(({ path }) => path).join(' '));
  return value;
};

test('recording, images and logs together: the hook was lost, who had written it and when', {
  ...needs('root', 'bpftrace', 'criu'),
  timeout: 180_000,
}, async (context) => {
  const { folder, images, recording, puppet } = await recordedPuppet(context);
  const { pid } = puppet;
  const begun = Date.now();
  await hookItself(puppet);
  await recording.line((line) => line.includes(`"pid":${pid},`) && line.includes('page-modified'));
  const hooked = Date.now();
  letGo(puppet);
  const trip = await roundTrip(puppet, { criu: join(testRoots, 'bin', 'criu'), directory: images, keep: true });
  context.after(() => {
    if (trip.after !== undefined) process.kill(pid, 'SIGKILL');
  });
  assert.deepEqual([trip.dump, trip.restore], ['ok', 'in-place']);
  await recording.line((line) => line.includes(`"pid":${pid},`) && line.includes('PR_SET_MM_MAP'));
  await recording.end('SIGINT');

  const run = await vdsowatch(['analyze', '--json', recording.file, images]);
  assert.equal(run.exitCode, 1, run.stderr);
  const story = reportOf(run.stdout).processes.filter((one) => one.pid === pid);
  assert.equal(story.length, 1, 'one story for the process before and after');
  const [told] = story;
  const words = told?.conclusion?.join('\n') ?? '';
  const lost = told?.findings.find(({ code }) => code === 'content-lost');
  assert.ok(lost !== undefined, words);
  assert.match(lost.text, /page 0 of the vDSO is lost/);
  const [writer] = lost.evidence;
  const times = [...(writer ?? '').matchAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g)].map(([time]) => Date.parse(time));
  assert.match(
    writer ?? '',
    /^page 0 was written between .* by the process itself \(puppet\), which had made it writable$/,
  );
  assert.equal(times.length, 2);
  for (const time of times) assert.ok(time >= begun - CLOCKS && time <= hooked + CLOCKS, writer);
  assert.match(words, /took 0x[0-9a-f]+ for the vDSO, by its name: right/);
  assert.match(words, /restored in place, with that kernel's own vDSO: what was written into page 0 was lost/);
  assert.deepEqual(
    told?.moments?.map(({ role, source }) => `${role} ${source}`),
    ['before recording', 'dump criu-image', 'after recording'],
  );
  const who = new Set(told?.story?.map((line) => line.who.replace(/:\d+$/, '')));
  for (const source of ['dump.log', 'restore.log']) assert.ok(who.has(source), [...who].join(' '));

  const table = await vdsowatch(['analyze', recording.file, images, '--html', join(folder, 'report.html')]);
  assert.match(table.stdout, /what was written into page 0 was lost/);
});

test('a move after a dump that left the process running is not held against CRIU', {
  ...needs('root', 'bpftrace', 'criu'),
  timeout: 180_000,
}, async (context) => {
  const { images, recording, puppet } = await recordedPuppet(context);
  const { pid } = puppet;
  const vdso = vdsoOf(puppet);
  letGo(puppet, moveStep(vdso, await reserve(puppet, sizeOf(vdso))));
  await untilAsleep(pid);
  const words = ['dump', '-t', String(pid), '-D', images, '-v4', '-o', 'dump.log', '--leave-running'];
  await execa(join(testRoots, 'bin', 'criu'), [...words, '--manage-cgroups=ignore']);
  await recording.line((line) => line.includes(`"pid":${pid},`) && line.includes('vdso-moved'));
  await recording.end('SIGINT');

  const { stdout } = await vdsowatch(['analyze', '--json', recording.file, images]);
  const [told, ...more] = reportOf(stdout).processes.filter((one) => one.pid === pid);
  assert.ok(told !== undefined && more.length === 0);
  assert.deepEqual(
    [told.vdso?.start, told.choices?.every(({ right }) => right)],
    [`0x${vdso.start.toString(16)}`, true],
  );
  assert.match(told.conclusion?.join('\n') ?? '', /^It ran on after the dump: at /m);
});

/** Rounding of the clocks, ms. */
const CLOCKS = 50;
