import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Value } from '@sinclair/typebox/value';
import { ReportJson, ReportOrLineJson } from '../../src/model/report.js';
import { runProgram } from './run-program.js';

const pids = (): ReadonlySet<number> =>
  new Set(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );

test('ps --json: one document of the published schema with every process, unreadable ones and kernel threads too', async () => {
  const published = await runProgram(['schema', 'vdsowatch/report/1']);
  const { $schema: _dialect, ...printed } = JSON.parse(published.out);
  assert.deepEqual(printed, JSON.parse(JSON.stringify(ReportOrLineJson)));
  const before = pids();
  const ended = await runProgram(['ps', '--json']);
  const after = pids();
  assert.equal(ended.status, 0, ended.errors);
  assert.match(ended.out, /^[^\n]+\n$/);
  const document: unknown = JSON.parse(ended.out);
  assert.deepEqual([...Value.Errors(ReportJson, document)].slice(0, 3), []);
  assert.ok(Value.Check(ReportJson, document));
  const listed = new Set(document.processes.map(({ pid }) => pid));
  const missing = [...before].filter((pid) => after.has(pid) && !listed.has(pid));
  assert.deepEqual(missing, []);
  for (const one of document.processes) {
    if (one.unreadable === null) continue;
    assert.deepEqual([one.confidence, one.vdso], ['unknown', undefined], `process ${one.pid} was not read`);
  }
});

test('a printed schema does not say in which dialect it is, and the newest has no list of items', async () => {
  const dialect = 'http://json-schema.org/draft-07/schema#';
  const all: Record<string, { $schema?: string }> = JSON.parse((await runProgram(['schema'])).out);
  assert.deepEqual(
    Object.entries(all).filter(([, schema]) => schema.$schema !== dialect),
    [],
  );
  assert.ok('vdsowatch/trace/1' in all);
  const one: { $schema?: string } = JSON.parse((await runProgram(['schema', 'vdsowatch/trace/1'])).out);
  assert.equal(one.$schema, dialect);
});

test('each line of ps, check and analyze -o ndjson is what the schema it names says', async () => {
  const bundle = fileURLToPath(new URL('../../../test/corpus/cases/moved-block/bundle', import.meta.url));
  for (const words of [['ps'], ['check', String(process.pid)], ['analyze', bundle]]) {
    const { out } = await runProgram([...words, '-o', 'ndjson']);
    const lines = out.trimEnd().split('\n');
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const document: unknown = JSON.parse(line);
      assert.deepEqual([...Value.Errors(ReportOrLineJson, document)].slice(0, 3), [], words.join(' '));
      assert.ok(!Value.Check(ReportJson, document), 'a line is no whole report');
    }
  }
});

test('the plain table begins with processes and counts the kernel threads; wide shows all', async () => {
  const table = await runProgram(['ps']);
  const wide = await runProgram(['ps', '-o', 'wide']);
  const threads = wide.out.match(/^\d+ .* no memory .*$/gm) ?? [];
  if (threads.some((line) => /^2 +kthreadd /.test(line))) {
    assert.match(table.out, /^Not shown: .*\d+ kernel threads?, without memory of their own/m);
    assert.doesNotMatch(table.out, /^2 +kthreadd /m);
  }
  assert.match(table.out, new RegExp(`^${process.pid} +\\S.*`, 'm'));
  const byName = await runProgram(['ps', '2']);
  if (byName.status === 0) assert.match(byName.out, /^2 +\S/m);
});
