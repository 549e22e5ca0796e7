import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bpftrace } from '../../src/bpftrace/find.js';
import { fileFolder } from '../folder.js';

/** A bpftrace that is none: a little program that prints what a test wants. */

/** Goes with the test file that uses it. */
export const folder = fileFolder();
let fakes = 0;

/** `body`: JavaScript; `say(record)`, `count(n)` and `beat(at)` print as bpftrace does. */
export const fake = (body: string): Bpftrace => {
  const path = join(folder, `bpftrace-${fakes++}`);
  writeFileSync(
    path,
    `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const line = (text) => process.stdout.write(text + '\\n');
const say = (record) => line(JSON.stringify({ type: 'printf', data: record + '\\n' }).replace('"type":', '"type": ').replace(',"data":', ', "data": '));
const beat = (at) => say('beat ' + at);
const count = (n) => line('{"type": "map", "data": {"@emitted": ' + n + '}}');
const exec = (at) => say('exec ' + at + ' 7 7 1 2 7f0000000000 61' + ' 00'.repeat(15));
${body}
`,
  );
  chmodSync(path, 0o755);
  return { path, version: '0.23.0', major: 0, minor: 23 };
};
