import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testFolder } from '../folder.js';
import { recordedStory } from '../trace/story.js';
import { needs } from './needs.js';
import { vdsowatch } from './recording.js';
import { nodeCommand, openTerminal } from './tmux.js';

/** Issue 4, Replay: a recording on the screen of a real terminal, with time. */

const has = (text: string) => (lines: readonly string[]) => lines.some((line) => line.includes(text));

test('on the screen: pause, step, next finding, seek, quit', {
  ...needs('tmux'),
  timeout: 120_000,
}, async (context) => {
  const file = join(testFolder(context), 'trace');
  writeFileSync(file, recordedStory());
  const terminal = openTerminal(140, 30);
  context.after(() => terminal.close());
  await terminal.until('a prompt', has('$'));
  // So slow that nothing comes by itself.
  terminal.type(`${nodeCommand('src/main.js', 'replay', '--speed', '0.0001', file)}; echo status=$?`);
  terminal.press('Enter');
  await terminal.until('the beginning', has('1970-01-01 01:23:20'));
  terminal.press('Space');
  terminal.type('n');
  await terminal.until('the first findings', has('1970-01-01 01:23:21'));
  terminal.type('n');
  await terminal.until('the moved vDSO', has('moved'));
  terminal.type('[');
  await terminal.until('one step back', has('1970-01-01 01:23:22'));
  terminal.type(']');
  await terminal.until('one step on', has('1970-01-01 01:23:23'));
  terminal.type('t');
  terminal.type('5006');
  terminal.press('Enter');
  await terminal.until('the end', has('the end'));
  terminal.type('q');
  await terminal.until('the exit status', has('status=0'));
});

test('lines between two times; what is no recording, or of a newer format, in a sentence', async (context) => {
  const file = join(testFolder(context), 'trace');
  writeFileSync(file, recordedStory());
  const all = await vdsowatch(['replay', file]);
  assert.equal(all.exitCode, 0, all.stderr);
  const some = await vdsowatch(['replay', '--from', '+1', '--until', '01:23:23', file]);
  assert.ok(some.stdout.length > 0 && some.stdout.length < all.stdout.length);
  assert.ok(all.stdout.includes(some.stdout));
  const wrong = await vdsowatch(['replay', '--from', 'noon', file]);
  assert.equal(wrong.exitCode, 2);
  const newer = `${file}.2`;
  writeFileSync(newer, '{"record":"header","schema":"vdsowatch/trace/2","anything":"else"}\n{"record":"check"}\n');
  const refused = await vdsowatch(['replay', newer]);
  assert.equal(refused.exitCode, 3);
  assert.match(
    refused.stderr,
    /^vdsowatch: .* of format vdsowatch\/trace\/2; this version reads vdsowatch\/trace\/1\. [^\n]*$/,
  );
  const garbage = `${file}.3`;
  writeFileSync(garbage, 'neither\nnor\n');
  const nothing = await vdsowatch(['replay', garbage]);
  assert.equal(nothing.exitCode, 3);
  assert.match(nothing.stderr, /holds no recording/);
  writeFileSync(file, ' ', { flag: 'a' });
  const torn = await vdsowatch(['replay', file]);
  assert.equal(torn.exitCode, 0);
  assert.equal(torn.stdout, all.stdout);
  assert.match(torn.stderr, /it ends in the middle/);
});
