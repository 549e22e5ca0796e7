import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { hostImages } from '../../src/census/host-images.js';
import { readPostMortem } from '../../src/criu/post-mortem.js';
import { inMemoryOf } from '../../src/judge/forecast/refused.js';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import type { Forecast } from '../../src/model/verdict.js';
import { isVdsoNamed } from '../../src/model/vma.js';
import { localProc } from '../../src/proc/host.js';
import { memorySharers } from '../../src/proc/memory-sharers.js';
import { readProcess } from '../../src/proc/process.js';
import { runProgram } from '../commands/run-program.js';
import { testFolder } from '../folder.js';
import { startPuppet } from '../puppet/puppet.js';
import { dump, letGo, type RoundTrip, restoredSubject, roundTrip, type Subject } from './criu-round-trip.js';
import { SCRIBBLE, STATES, type State } from './criu-states.js';
import { needs, testRoots } from './needs.js';

/** One row of the table that is printed. */
type Row = readonly [who: string, forecast: string, outcome: string, fromImage: string];

/** The forecast is written down first; then a real CRIU dumps and restores, and the outcome must be the one foretold. */
const examine = async (context: TestContext, state: State, version: string, rows: Row[]): Promise<void> => {
  const started = await startPuppet({ abi: state.abi });
  if (!started.ok) return context.skip(started.failure.text);
  const puppet = started.value;
  context.after(() => puppet.kill());
  await state.make(puppet);
  const foretold = await foretell(puppet.pid, version);
  letGo(puppet);
  await compare(context, { foretold, subject: puppet, version, who: `${state.abi} ${state.name}`, rows });
};

interface Comparison {
  readonly foretold: Forecast;
  readonly subject: Subject;
  readonly version: string;
  readonly who: string;
  readonly rows: Row[];
}

const compare = async (context: TestContext, { foretold, subject, version, who, rows }: Comparison): Promise<void> => {
  const directory = imageDirectory(context);
  const happened = await roundTrip(subject, { criu: programOf(version), directory });
  const image = await fromImages(directory, version);
  const losses = (foretold.loss ?? []).length === 0 ? '' : `, loses ${foretold.loss}`;
  const [said, done] = [`${foretold.dump}, ${foretold.restore}${losses}`, `${happened.dump}, ${happened.restore}`];
  rows.push([who, said, done, `${image?.dump}, ${image?.restore}`]);
  if (foretold.restore !== happened.restore) {
    const log = join(directory, 'restore.log');
    if (existsSync(log)) context.diagnostic(readFileSync(log, 'latin1').split('\n').slice(-8).join('\n'));
  }
  assert.equal(foretold.dump, happened.dump, 'dump');
  // What the restorer makes of other memory in place of vvar is not known, and is said to be so.
  if (foretold.restore !== undefined) assert.equal(foretold.restore, happened.restore, 'restore');
  const expected = foretold.restore === undefined ? undefined : happened.restore;
  assert.deepEqual([image?.dump, image?.restore], [happened.dump, expected], 'by the image and its log');
  if (image?.loss !== undefined) assert.deepEqual(image.loss, foretold.loss, 'loss, by the image');
  checkRestored(foretold, happened);
};

const programOf = (version: string): string => join(testRoots, 'bin', version === '4.2' ? 'criu-4.2' : 'criu');

const imageDirectory = (context: TestContext): string => {
  const directory = join(testFolder(context), 'img');
  mkdirSync(directory);
  return directory;
};

const foretell = async (pid: number, version: string): Promise<Forecast> => {
  const evidence = readProcess(pid, 'full', { bytes: true });
  return forecast(evidence, judge(evidence), version, await hostImages(new Set(['i386'])));
};

/** What the image alone foretells. */
const fromImages = async (directory: string, version: string): Promise<Forecast | undefined> => {
  const images = await readPostMortem(directory, { criu: version, pristine: hostImages });
  return images.ok ? images.value.judged[0]?.forecast : undefined;
};

/** The restored task has the vDSO that the word says, and has lost what was said. */
const checkRestored = ({ loss }: Forecast, { restore, after }: RoundTrip): void => {
  const vdso = after?.vmas.find(isVdsoNamed);
  if (restore === 'none') assert.equal(vdso, undefined);
  if (restore === 'proxy') assert.ok(vdso !== undefined && vdso.start < LOW, 'parked at a low address');
  if (restore !== 'in-place') return;
  assert.ok(vdso !== undefined && vdso.start > LOW, 'at the dumped address');
  assert.deepEqual([vdso.read, vdso.write, vdso.execute], [true, false, true], 'with the permissions of a fresh one');
  if (loss?.includes('vdso-content') === true) assert.notEqual(after?.vdsoByte, SCRIBBLE, 'what was written is gone');
};

const LOW = 0x1000000n;

const runAll = async (context: TestContext, states: readonly State[], version: string): Promise<void> => {
  const rows: Row[] = [];
  await Promise.all(
    states.map((state) => context.test(`${state.abi}: ${state.name}`, (one) => examine(one, state, version, rows))),
  );
  for (const row of [['PROCESS', 'FORECAST', 'OUTCOME', 'BY THE IMAGE'], ...rows]) {
    const widths = [48, 46, 22, 0];
    context.diagnostic(row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(''));
  }
};

const options = { ...needs('root', 'criu'), concurrency: 4 };

test('what CRIU does to a process is what the forecast said: CRIU 4.1.1', options, (context) =>
  runAll(context, STATES, '4.1.1'),
);

/** Where two versions could differ, and one of each kind. */
const AGAIN = /^(plain|vDSO moved alone, upwards|\[vvar_vclock\] moved away|a forged mark of version 3|read-only)$/;

test('the same with CRIU 4.2', options, (context) =>
  runAll(
    context,
    STATES.filter(({ name }) => AGAIN.test(name)),
    '4.2',
  ),
);

test(
  'a process that lives in the memory of another is not dumped with it; a forked one is none',
  options,
  async (context) => {
    const started = await startPuppet({ abi: 'x86_64' });
    if (!started.ok) return context.skip(started.failure.text);
    const puppet = started.value;
    context.after(() => puppet.kill());
    const forked = await puppet.fork();
    const sharing = await puppet.fork({ flags: CLONE_VM });
    const tree = [puppet.pid, forked.pid, sharing.pid];
    const sharers = memorySharers(
      tree.map((pid) => readProcess(pid, 'full')),
      localProc(),
    );
    assert.deepEqual([...sharers], [[sharing.pid, puppet.pid]]);
    const alone = await foretell(sharing.pid, '4.2');
    const foretold = inMemoryOf(puppet.pid, sharing.pid, alone);
    assert.deepEqual([alone.dump, foretold.dump], ['ok', 'fail']);
    letGo(puppet);
    const directory = imageDirectory(context);
    const happened = await roundTrip(puppet, { criu: programOf('4.2'), directory });
    assert.equal(happened.dump, foretold.dump);
    const [{ criuMessage = 'no line' } = {}] = foretold.findings;
    assert.ok(readFileSync(join(directory, 'dump.log'), 'latin1').includes(criuMessage), criuMessage);
  },
);

const CLONE_VM = 0x100n;

test(
  'a process that a debugger holds is not dumped, and check said that it would live on',
  options,
  async (context) => {
    const [started, debugging] = [await startPuppet({ abi: 'x86_64' }), await startPuppet({ abi: 'x86_64' })];
    if (!started.ok) return context.skip(started.failure.text);
    if (!debugging.ok) return context.skip(debugging.failure.text);
    const [puppet, debuggers] = [started.value, debugging.value];
    // Who is traced has ended only when its tracer has heard of it, or has gone.
    const kill = async (): Promise<void> => {
      await debuggers.kill();
      await puppet.kill();
    };
    context.after(kill);
    assert.equal(await debuggers.call('ptrace', PTRACE_SEIZE, puppet.pid, 0, 0), 0n);
    const checked = await runProgram(['check', '--criu', '4.2', String(puppet.pid), '--json']);
    assert.equal(checked.status, 1, checked.errors);
    const [told] = JSON.parse(checked.out).processes[0].forecast.findings;
    assert.equal(told.code, 'dump-fails');
    letGo(puppet);
    const directory = imageDirectory(context);
    const subject: Subject = { pid: puppet.pid, gone: puppet.gone, kill };
    const happened = await roundTrip(subject, { criu: programOf('4.2'), directory });
    assert.equal(happened.dump, 'fail');
    const log = readFileSync(join(directory, 'dump.log'), 'latin1');
    assert.ok(log.includes(told.criuMessage), told.criuMessage);
  },
);

const PTRACE_SEIZE = 0x4206;

for (const where of ['at the root of a dump', 'below it'] as const) {
  test(
    `a process whose main thread has ended is not dumped, and check said that it would live on: ${where}`,
    options,
    async (context) => {
      const started = await startPuppet({ abi: 'x86_64' });
      if (!started.ok) return context.skip(started.failure.text);
      const root = started.value;
      const ended = where === 'below it' ? await root.fork() : root;
      context.after(() => root.kill());
      await ended.fork({ flags: CLONE_THREAD });
      ended.call('exit', 0).catch(() => {});
      for (let turn = 0; turn < 1000 && readProcess(ended.pid, 'full').process.mainThreadEnded !== true; turn++)
        await setTimeout(5);
      const checked = await runProgram(['check', '--criu', '4.2', String(root.pid), '--tree', '--json']);
      assert.equal(checked.status, 1, checked.errors);
      const { processes } = JSON.parse(checked.out);
      const one = processes.find(({ pid }: { pid: number }) => pid === ended.pid);
      const [told] = one.forecast.findings;
      assert.equal(told.code, 'dump-fails');
      const directory = imageDirectory(context);
      assert.notEqual(await dump(root.pid, { criu: programOf('4.2'), directory }), 0);
      assert.equal(readProcess(ended.pid, 'full').process.mainThreadEnded, true, 'it lives on as it was');
      const log = readFileSync(join(directory, 'dump.log'), 'latin1');
      assert.ok(log.includes(told.criuMessage), told.criuMessage);
    },
  );
}

/** CLONE_VM, FS, FILES, SIGHAND and THREAD. */
const CLONE_THREAD = 0x10f00n;

test('a process that a restore gave a proxy, dumped again', options, async (context) => {
  const rows: Row[] = [];
  for (const abi of ['x86_64', 'i386'] as const) {
    await context.test(abi, async (one) => {
      const started = await startPuppet({ abi });
      if (!started.ok) return one.skip(started.failure.text);
      one.after(() => started.value.kill());
      letGo(started.value);
      const first = { criu: programOf('4.1.1'), directory: imageDirectory(one), fault: 127, keep: true };
      const proxied = await roundTrip(started.value, first);
      const subject = restoredSubject(started.value.pid);
      one.after(() => subject.kill());
      assert.equal(proxied.restore, 'proxy');
      const foretold = await foretell(subject.pid, '4.1.1');
      await compare(one, { foretold, subject, version: '4.1.1', who: `${abi} proxied`, rows });
    });
  }
  for (const row of rows) context.diagnostic(row.join(' | '));
});
