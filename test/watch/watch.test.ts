import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Value } from '@sinclair/typebox/value';
import { EventJson } from '../../src/model/event-schema.js';

/** The compiled program as a user runs it, without probes: how it prints, and how it ends. */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

interface Watching {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly errors: () => string;
  /** The first line that fits. */
  readonly line: (wanted: RegExp) => Promise<string>;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
}

const watch = (...args: readonly string[]): Watching => {
  const child = spawn(process.execPath, [MAIN, 'watch', '--no-bpf', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'dumb' },
  });
  const lines: string[] = [];
  const waiting: { readonly wanted: RegExp; readonly resolve: (line: string) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const { wanted, resolve } of waiting) if (wanted.test(line)) resolve(line);
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  return {
    child,
    lines,
    errors: () => errors,
    line: (wanted) =>
      new Promise((resolve) => {
        const found = lines.find((line) => wanted.test(line));
        if (found !== undefined) resolve(found);
        else waiting.push({ wanted, resolve });
      }),
    ended: once(child, 'close').then(() => ({ status: child.exitCode, signal: child.signalCode })),
  };
};

test('without a terminal: lines, the first census among them', async () => {
  const run = watch();
  await run.line(/ info {4}vdsowatch: census: \d+ processes, /);
  run.child.kill();
  await run.ended;
  assert.match(run.lines[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} warning vdsowatch: polling: /);
  assert.equal(run.errors(), '');
});

for (const format of ['ndjson', 'json'])
  test(`-o ${format}: every line is a document of the schema, and nothing else is printed`, async () => {
    const run = watch('-o', format);
    await run.line(/census/);
    run.child.kill();
    await run.ended;
    assert.ok(run.lines.length >= 2);
    for (const line of run.lines) assert.ok(Value.Check(EventJson, JSON.parse(line)), line);
    assert.equal(run.errors(), '');
  });

test('after the time that was given it ends as if well', async () => {
  assert.deepEqual(await watch('--duration', '0.2').ended, { status: 0, signal: null });
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal}: a clean end with status ${status}`, async () => {
    const run = watch();
    await run.line(/census/);
    run.child.kill(signal);
    assert.deepEqual(await run.ended, { status, signal: null });
    assert.equal(run.errors(), '');
  });

test('a reader that goes away: a quiet end, status 0', async () => {
  const run = watch('-o', 'ndjson');
  // Before the first line: a pipe without a reader is noticed by writing to it.
  run.child.stdout?.destroy();
  assert.deepEqual(await run.ended, { status: 0, signal: null });
  assert.equal(run.errors(), '');
});

test('a process id that is none, or not there: one sentence and the right status', async () => {
  for (const [pid, status, sentence] of [
    ['abc', 2, /^vdsowatch: "abc" is not a process id\./],
    ['999999999', 3, /^vdsowatch: There is no process 999999999\. See `ps -e` for those there are\.\n$/],
  ] as const) {
    const run = watch('--pid', pid);
    assert.equal((await run.ended).status, status);
    assert.match(run.errors(), sentence);
    assert.deepEqual(run.lines, []);
  }
});

test('a duration that is no number of seconds is a usage error', async () => {
  const run = watch('--duration', 'soon');
  assert.equal((await run.ended).status, 2);
  assert.match(run.errors(), /Seconds are a number/);
});
