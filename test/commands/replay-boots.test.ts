import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEncoder } from '../../src/trace/encoder.js';
import { testFolder } from '../folder.js';
import { exited, happened, SECOND } from '../pipeline/build.js';
import { header } from '../trace/recording.js';
import { runProgram } from './run-program.js';

/** Two processes end, ten seconds apart. `up`: for how long the machine had been up at the first, s. */
const run = (session: string, up: bigint, unix: bigint): string => {
  const encoder = openEncoder();
  const offset = (unix - up) * SECOND;
  const first = { ...header, session, bootId: session, at: String(up * SECOND), offset: String(offset) };
  const ends = [0n, 10n].map((later) => {
    const at = (up + later) * SECOND;
    const one = exited({ at, pid: Number(unix + later), in: 1 });
    const space = `pid:${unix + later}`;
    const line = { at, pid: Number(unix + later), comm: 'c', space, severity: 'info', text: 'exited' } as const;
    const lines = [{ ...line, event: one, finding: undefined }];
    return encoder.frame({ observations: [happened(one)], at, offset, lines });
  });
  return [encoder.header(first), ...ends].join('');
};

test('a time of day is found in the run of another boot, whose clock began again', async (context) => {
  const folder = testFolder(context);
  const file = join(folder, 'both');
  writeFileSync(file, run('first', 90_000n, 1_000n) + run('second', 50n, 2_000n));
  const pids = async (...words: readonly string[]): Promise<readonly string[]> =>
    [...(await runProgram(['replay', file, ...words])).out.matchAll(/ (\d+) c: exited/g)].map(([, pid]) => pid ?? '');
  assert.deepEqual(await pids(), ['1000', '1010', '2000', '2010']);
  assert.deepEqual(await pids('--from', '1970-01-01T00:33:25Z'), ['2010']);
  assert.deepEqual(await pids('--from', '+5', '--until', '+1005'), ['1010', '2000']);
});
