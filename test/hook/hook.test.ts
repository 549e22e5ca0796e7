import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hookCall } from '../../src/hook/call.js';
import { readTree } from '../../src/hook/look.js';
import { type Addition, addToFile, readEarlier, tracePath } from '../../src/hook/record-file.js';
import { differencesSince, objections } from '../../src/hook/said.js';
import { judge } from '../../src/judge/judge.js';
import type { Judged } from '../../src/model/judged.js';
import type { Forecast } from '../../src/model/verdict.js';
import { procFiles } from '../../src/proc/files.js';
import { testFolder } from '../folder.js';
import { readingOf, T0 } from '../pipeline/build.js';
import { header } from '../trace/recording.js';

test('what CRIU says in the environment; nobody else calls a hook', () => {
  const called = hookCall({
    CRTOOLS_SCRIPT_ACTION: 'post-dump',
    CRTOOLS_IMAGE_DIR: '/proc/17/fd/4',
    CRTOOLS_INIT_PID: '4711',
  });
  assert.deepEqual(called.ok && called.value, {
    action: 'post-dump',
    images: '/proc/17/fd/4',
    root: 4711,
    criuPid: 17,
  });
  const early = hookCall({ CRTOOLS_SCRIPT_ACTION: 'pre-restore', CRTOOLS_IMAGE_DIR: '/images', CRTOOLS_INIT_PID: '' });
  assert.deepEqual(early.ok && early.value, {
    action: 'pre-restore',
    images: '/images',
    root: undefined,
    criuPid: undefined,
  });
  for (const bad of [{}, { CRTOOLS_SCRIPT_ACTION: '' }, { CRTOOLS_SCRIPT_ACTION: 'pre-dump', CRTOOLS_INIT_PID: '1;x' }])
    assert.ok(!hookCall(bad).ok);
});

test('the tree below a process, through all threads of it', (context) => {
  const root = testFolder(context);
  const task = (pid: number, tid: number, children: string): void => {
    mkdirSync(join(root, String(pid), 'task', String(tid)), { recursive: true });
    writeFileSync(join(root, String(pid), 'task', String(tid), 'children'), children);
  };
  task(10, 10, '11 12 ');
  task(10, 15, '13 ');
  task(11, 11, '14 ');
  task(14, 14, '');
  assert.deepEqual(readTree(10, procFiles(root)), [10, 11, 12, 13, 14]);
});

const forecastOf = (parts: Partial<Forecast>): Forecast => ({
  criu: '4.2',
  dump: 'ok',
  restore: 'in-place',
  loss: [],
  findings: [],
  ...parts,
});
const judged = (forecast: Forecast, vdso = 0x7f00_0000_0000n): Judged => {
  const evidence = readingOf({ at: T0, pid: 7, ticks: 1n, vdso, comm: 'a\nb' });
  return { evidence, verdict: judge(evidence), forecast };
};

test('only what is known to go wrong speaks against a dump', () => {
  const against = (parts: Partial<Forecast>, veto: 'restore' | 'loss', dumped: boolean) =>
    objections([judged(forecastOf(parts))], veto, dumped);
  assert.deepEqual(against({}, 'restore', false), []);
  assert.deepEqual(against({ dump: undefined, restore: undefined, loss: undefined }, 'loss', false), []);
  assert.deepEqual(against({ dump: 'fail' }, 'restore', false), ['process 7 (a\\nb) cannot be dumped']);
  assert.deepEqual(against({ dump: 'fail' }, 'restore', true), []);
  assert.deepEqual(against({ restore: 'crash' }, 'restore', true), [
    'process 7 (a\\nb) would crash when it is restored',
  ]);
  assert.deepEqual(against({ loss: ['vdso-content'] }, 'restore', true), []);
  assert.deepEqual(against({ loss: ['vdso-content'] }, 'loss', true), ['process 7 (a\\nb) would lose vdso-content']);
});

test('after a restore: what can be noticed, and who is missing', () => {
  const before = judged(forecastOf({}));
  const after = judged(forecastOf({}), 0x7e00_0000_0000n);
  const moved = differencesSince([before], [after]);
  assert.ok(
    moved.some((text) => text.includes('0x7e0000000000')),
    moved.join('\n'),
  );
  assert.deepEqual(differencesSince([before], [before]), []);
  const elsewhere = { ...before, evidence: { ...before.evidence, namespaces: new Map([['time', 8n]]) } };
  const here = { ...before, evidence: { ...before.evidence, namespaces: new Map([['time', 7n]]) } };
  assert.deepEqual(differencesSince([here], [elsewhere]), [], 'every restore makes a time namespace');
  const other = { ...before, evidence: { ...before.evidence, process: { ...before.evidence.process, pid: 8 } } };
  assert.deepEqual(differencesSince([before, other], [before]), ['process 8 (a\\nb) was dumped and has not come back']);
});

const addition = (action: string, bootId: string): Addition => ({
  header: { ...header, bootId },
  observations: [
    { kind: 'snapshot', pid: 7, startedAt: T0, evidence: readingOf({ at: T0, pid: 7, ticks: 1n, vdso: 0x7f00n }) },
  ],
  at: T0,
  offset: 0n,
  hook: { at: String(T0), action, root: 7, criu: '4.1.1', vetoed: false, said: [], recordings: [] },
});

test('each hook adds to the recording beside the images, which is one run within a boot', async (context) => {
  const path = tracePath(testFolder(context));
  assert.equal(await addToFile(path, addition('pre-dump', 'one'), await readEarlier(path)), undefined);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  // Killed in the middle of a line.
  appendFileSync(path, '{"record":"head');
  assert.equal(await addToFile(path, addition('post-dump', 'one'), await readEarlier(path)), undefined);
  const dumped = await readEarlier(path);
  assert.equal(dumped.header?.part, 1);
  assert.equal(dumped.criu, '4.1.1');
  assert.equal(dumped.dumped.length, 1);
  assert.equal(await addToFile(path, addition('pre-resume', 'two'), dumped), undefined);
  const restored = await readEarlier(path);
  assert.equal(restored.header?.part, 0);
  assert.notEqual(restored.header?.session, dumped.header?.session);
  assert.equal(restored.dumped.length, 1);
});

test('the recording beside the images is never written through a link', async (context) => {
  const images = testFolder(context);
  const elsewhere = join(testFolder(context), 'elsewhere');
  writeFileSync(elsewhere, '');
  symlinkSync(elsewhere, tracePath(images));
  const earlier = await readEarlier(tracePath(images));
  const failure = await addToFile(tracePath(images), addition('pre-dump', 'one'), earlier);
  assert.match(failure?.text ?? '', /symbolic link/);
  assert.equal(statSync(elsewhere).size, 0);
});
