import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { wholeFile } from '../../src/report/output.js';
import { MAIN, runProgram } from '../commands/run-program.js';
import { fileFolder } from '../folder.js';

const folder = fileFolder();

/** The schemas, into a file, by a shell with a limit for file sizes (in blocks of 512 bytes). */
const intoFile = async (limit: string): Promise<{ status: unknown; errors: string; text: string }> => {
  const file = join(folder, 'schemas');
  const command = `trap "" XFSZ; ulimit -f ${limit}; exec "$0" "$1" schema >"$2"`;
  const child = spawn('sh', ['-c', command, process.execPath, MAIN, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [status] = await once(child, 'close');
  return { status, errors, text: existsSync(file) ? readFileSync(file, 'utf8') : '' };
};

test('half a document in a file is a failure; a whole one is what a pipe gets', async () => {
  const half = await intoFile('4');
  assert.equal(half.text.length, 2048);
  assert.equal(half.status, 3);
  assert.match(half.errors, /^vdsowatch: Standard output cannot be written \(EFBIG\)\. .*\n$/);
  const whole = await intoFile('unlimited');
  assert.deepEqual([whole.status, whole.errors, whole.text], [0, '', (await runProgram(['schema'])).out]);
});

test('a descriptor that cannot be written is an error of the stream', async () => {
  const descriptor = openSync('/dev/full', 'w');
  const stream = wholeFile(descriptor);
  stream.write('x');
  const [error] = await once(stream, 'error');
  assert.equal(error.code, 'ENOSPC');
  closeSync(descriptor);
});
