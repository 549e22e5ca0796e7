import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testFolder } from '../folder.js';
import { runProgram } from './run-program.js';

const corpus = 'test/corpus/cases';

/** The images of a case in one directory, their logs in another (criu -D and -W). */
const apart = (context: TestContext, name: string): { readonly images: string; readonly work: string } => {
  const root = testFolder(context);
  const [images, work] = [join(root, 'images'), join(root, 'work')];
  cpSync(join(corpus, name, 'img'), images, { recursive: true });
  mkdirSync(work);
  for (const log of ['dump.log', 'restore.log']) renameSync(join(images, log), join(work, log));
  return { images, work };
};

interface Told {
  readonly confidence: string;
  readonly vdso: { readonly start: string } | null;
  readonly forecast: { readonly dump: string | null; readonly restore: string | null } | null;
  readonly findings: readonly { readonly code: string }[];
  readonly conclusion: readonly string[];
}

const analyze = async (
  ...paths: readonly string[]
): Promise<{ readonly processes: readonly Told[]; readonly problems: string; readonly status: number | null }> => {
  const { out, status } = await runProgram(['analyze', '--json', ...paths]);
  const report: { processes: readonly Told[]; problems?: readonly { text: string }[] } = JSON.parse(out);
  return { processes: report.processes, problems: (report.problems ?? []).map(({ text }) => text).join('\n'), status };
};

test('logs that do not lie beside their images tell the same, as files and as a directory, in any order', async (context) => {
  const name = 'symtable-check-copy-at-old-address';
  const { images, work } = apart(context, name);
  const beside = await analyze(join(corpus, name, 'img'));
  for (const paths of [
    [images, work],
    [work, images],
    [join(work, 'restore.log'), images, join(work, 'dump.log')],
  ]) {
    const told = await analyze(...paths);
    assert.equal(told.status, beside.status);
    assert.equal(told.problems, '');
    assert.deepEqual(
      told.processes.map(({ conclusion, findings, vdso }) => ({ conclusion, findings, vdso })),
      beside.processes.map(({ conclusion, findings, vdso }) => ({ conclusion, findings, vdso })),
    );
  }
});

test('a checkpoint of podman or Kubernetes, with its logs above the images, tells the same', async (context) => {
  const name = 'symtable-check-copy-at-old-address';
  const { images, work } = apart(context, name);
  renameSync(images, join(work, 'checkpoint'));
  const told = await analyze(work);
  assert.deepEqual([told.status, told.problems], [(await analyze(join(corpus, name, 'img'))).status, '']);
  assert.match(told.processes[0]?.conclusion.join('\n') ?? '', /CRIU \S+ dumped it and took/);
});

test('a restore that names another run of the dump is not of these images', async (context) => {
  const { images, work } = apart(context, 'plain-shell-loop');
  const log = join(work, 'restore.log');
  const text = readFileSync(log, 'latin1');
  const named = /Dump CRIU run id = (\S+)/.exec(text)?.[1] ?? '';
  writeFileSync(log, text.replaceAll(named, named.replaceAll(/[0-9a-f]/g, '0')), 'latin1');
  const { processes } = await analyze(images, join(work, 'dump.log'), log);
  assert.equal(processes.length, 2);
  for (const { conclusion, vdso } of processes) {
    assert.notEqual(vdso, null);
    assert.match(conclusion.join('\n'), /^Then, as \S+restore\.log has it, it was restored in place/m);
  }
});

test('logs of another process are not taken for those of the images', async (context) => {
  const { images } = apart(context, 'moved-block');
  const other = apart(context, 'moved-vdso-alone');
  const { processes } = await analyze(images, other.work);
  assert.equal(processes.length, 2);
  assert.ok(processes.every(({ vdso }) => vdso !== null));
});

test('a dump and a restore of which only the logs are left are one process, and the dump is not called unfinished', async (context) => {
  const { work } = apart(context, 'symtable-check-copy-at-old-address');
  const { processes, problems, status } = await analyze(join(work, 'dump.log'), join(work, 'restore.log'));
  const [one, ...more] = processes;
  assert.equal(more.length, 0);
  assert.equal(problems, '');
  assert.equal(one?.vdso?.start, '0x7f27eb719000');
  assert.ok(one.findings.some(({ code }) => code === 'restored-in-place'));
  assert.equal(one.forecast?.restore, null, 'a forecast by the names says nothing: CRIU went by something else');
  assert.equal(status, 1);
  assert.equal((await analyze(work)).problems, '');
});

test('a failed dump with no more than its errors in the log is told, and is not well', async (context) => {
  const path = join(testFolder(context), 'dump.log');
  for (const [name, dump] of [
    ['forged-mark-v2', 'fail-kills'],
    ['uprobe-hit-by-a-tracer', 'fail'],
  ] as const) {
    const text = readFileSync(join(corpus, name, 'img/dump.log'), 'latin1');
    const errors = text.split('\n').filter((line) => line.includes('Error ('));
    writeFileSync(path, errors.join('\n'));
    const { processes, status } = await analyze(path);
    assert.deepEqual(
      processes.map(({ forecast }) => [forecast?.dump, forecast?.restore]),
      [[dump, null]],
    );
    assert.equal(status, 1);
  }
});

test('a log that ends in the middle of a dump does not say that it was dumped', async (context) => {
  const path = join(testFolder(context), 'dump.log');
  const text = readFileSync(join(corpus, 'moved-block/img/dump.log'), 'latin1');
  writeFileSync(path, text.slice(0, text.indexOf('vDSO hint is reliable')));
  const { processes } = await analyze(path);
  assert.match(processes[0]?.conclusion.join(' ') ?? '', /where the log ends, CRIU 4\.2 was dumping it/i);
});
