import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needs } from './needs.js';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../bench/main.js', import.meta.url));

/** Shortened: that each still does its work and checks both sides. No time is asserted. */
test('every benchmark runs', needs('root', 'bpftrace', 'criu'), async () => {
  const { stdout } = await run(process.execPath, [program], { env: { ...process.env, BENCH_SHORT: '1' } });
  const parts = stdout.split(/\n\n(?=[a-z]+: )/).slice(1);
  assert.deepEqual(
    parts.map((part) => part.slice(0, part.indexOf(':'))),
    ['calls', 'churn', 'rate', 'latency', 'census', 'start', 'standing', 'recordings', 'images', 'growth', 'claim'],
  );
  for (const part of parts) {
    assert.match(part, /ratio/, part);
    assert.doesNotMatch(part, /not measured/, part);
  }
});

test('a benchmark that does not exist is told', async () => {
  await assert.rejects(run(process.execPath, [program, 'nonsense']), { code: 2 });
});
