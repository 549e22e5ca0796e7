import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FINDING_CODES } from '../src/judge/finding-codes.js';

const path = fileURLToPath(new URL('../../README.md', import.meta.url));
const BEGIN = '<!-- findings -->\n';
const END = '<!-- /findings -->';

const table = (): string => {
  const rows = Object.entries(FINDING_CODES).map(
    ([code, { severity, meaning, todo }]) => `| \`${code}\` | ${severity} | ${meaning} | ${todo} |`,
  );
  return ['| code | severity | what it means | what to do |', '|---|---|---|---|', ...rows, ''].join('\n');
};

test('the README lists every finding as the program knows it (UPDATE_README=1 writes it)', () => {
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END);
  assert.ok(begin >= BEGIN.length && end >= begin, 'the marks of the table are there');
  if (process.env['UPDATE_README'] === '1') {
    writeFileSync(path, `${text.slice(0, begin)}${table()}${text.slice(end)}`);
    return;
  }
  assert.equal(text.slice(begin, end), table());
});

test('the README has a section or an example for every verb', async () => {
  const { Command } = await import('commander');
  const { liveVerbs } = await import('../src/verbs/live.js');
  const { processVerbs } = await import('../src/verbs/processes.js');
  const { evidenceVerbs } = await import('../src/verbs/evidence.js');
  const { hostVerbs } = await import('../src/verbs/host.js');
  const { traceVerbs } = await import('../src/verbs/trace.js');
  const program = new Command().enablePositionalOptions();
  liveVerbs(program, async () => 0);
  traceVerbs(program, async () => 0);
  for (const add of [processVerbs, evidenceVerbs, hostVerbs]) add(program);
  const text = readFileSync(path, 'utf8');
  for (const { name } of program.commands.map((command) => ({ name: command.name() }))) {
    assert.match(text, new RegExp(`vdsowatch ${name}|### .*\\b${name}\\b`), name);
  }
});
