import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PostMortem, readLogPostMortem, readPostMortem } from '../../src/criu/post-mortem.js';
import { testFolder } from '../folder.js';

const corpus = 'test/corpus/cases';
const said = ({ problems }: PostMortem): string => problems.map(({ text }) => text).join('\n');

const must = async (reading: ReturnType<typeof readPostMortem>): Promise<PostMortem> => {
  const outcome = await reading;
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.failure.text);
  return outcome.value;
};

test('a dump.log alone: the process and its mappings as the kernel named them', async () => {
  const { judged, host } = await must(readLogPostMortem(join(corpus, 'moved-alone-copy-at-old-address/img/dump.log')));
  assert.equal(host?.release, '6.18.44-fc-v669');
  const [process] = judged;
  assert.equal(process?.verdict.vdso?.start, 0x7fe06f333000n);
  assert.equal(process?.evidence.process.comm, 'b_move');
});

test('a dump.log alone of a task with a proxy: its mappings are those before the checks', async () => {
  const { judged } = await must(readLogPostMortem(join(corpus, 'criu-proxied-dumped-again/img/dump.log')));
  const [process] = judged;
  assert.equal(process?.verdict.vdso?.start, 0x36000n);
  assert.deepEqual(process?.verdict.policies.hint.decision, [0x7efdb0a3b000n]);
  assert.equal(process?.verdict.policies.hint.right, undefined, 'the bytes of the copy are not known');
  assert.equal(process?.forecast?.dump, 'ok');
  assert.equal(process?.forecast?.restore, undefined);
});

test('a restore.log alone: what was done with each process', async () => {
  const { judged } = await must(readLogPostMortem(join(corpus, 'plain-shell-loop/img/restore.log')));
  assert.deepEqual(
    judged.map(({ evidence, verdict }) => [evidence.process.pid, verdict.findings[0]?.code]),
    [
      [22379, 'restored-in-place'],
      [22397, 'restored-in-place'],
    ],
  );
});

test('a CRIU that could not start, or failed for another reason, is one sentence that is of no process', async (context) => {
  const root = testFolder(context);
  const write = (...lines: readonly string[]): string => {
    const path = join(root, 'dump.log');
    writeFileSync(path, lines.join('\n'));
    return path;
  };
  const end = '(00.000002) Error (criu/cr-dump.c:2128): Dumping FAILED.';
  const old = write('(00.000001) Error (criu/vdso.c:401): vdso: Unexpected rt vDSO area bounds', end);
  assert.match(said(await must(readLogPostMortem(old))), /dump\.log, line 1: .* use CRIU 4\.1 or later/);
  const other = write("(00.000001) Error (criu/sk-unix.c:1): sk unix: Can't dump half of stream", end);
  assert.match(said(await must(readLogPostMortem(other))), /for a reason other than a vDSO: .*half of stream/);
  const nothing = write('just words');
  const outcome = await readLogPostMortem(nothing);
  assert.ok(outcome.ok, 'its name says that it is a dump log');
  assert.equal(outcome.value.judged.length, 0);
});

test('a restore log that names another dump than the images is left out, and said to be of another', async (context) => {
  const path = join(testFolder(context), 'img');
  cpSync(join(corpus, 'plain-shell-loop/img'), path, { recursive: true });
  const log = join(path, 'restore.log');
  const text = readFileSync(log, 'latin1');
  const named = /Dump CRIU run id = (\S+)/.exec(text)?.[1] ?? '';
  writeFileSync(log, text.replaceAll(named, named.replaceAll(/[0-9a-f]/g, '0')), 'latin1');
  const read = await must(readPostMortem(path));
  assert.equal(read.logs.restore, undefined);
  assert.match(said(read), /restore\.log is of another dump than the images/);
});

test('logs of other names are found beside the images, a log of another run is not believed', async (context) => {
  const path = join(testFolder(context), 'img');
  cpSync(join(corpus, 'symtable-check-copy-at-old-address/img'), path, { recursive: true });
  renameSync(join(path, 'dump.log'), join(path, 'mine.log'));
  rmSync(join(path, 'restore.log'));
  const renamed = await must(readPostMortem(path));
  assert.equal(renamed.logs.dump?.version, '4.2');
  assert.equal(renamed.judged[0]?.verdict.vdso?.start, 0x7f27eb719000n, 'the names in it tell the copy from the vDSO');
  const text = readFileSync(join(path, 'mine.log'), 'latin1');
  writeFileSync(
    join(path, 'mine.log'),
    text.replace(/run id = \S+/, `run id = ${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`),
  );
  const foreign = await must(readPostMortem(path));
  assert.equal(foreign.logs.dump, undefined);
  assert.match(said(foreign), /mine\.log is of another dump than the images/);
});
