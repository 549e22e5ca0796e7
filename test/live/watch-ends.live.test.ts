import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { needs } from './needs.js';

/** However vdsowatch ends, its exit status is right and no bpftrace is left behind. */

const live = { ...needs('root', 'bpftrace'), timeout: 120_000 };
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly bpftraces: readonly number[];
  readonly errors: () => string;
}

/** `vdsowatch watch` into a pipe, up to the point where its probes are attached. */
const watchAttached = async (): Promise<Run> => {
  const child = spawn(process.execPath, [MAIN, 'watch'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) if (/ vdsowatch: bpftrace [\d.]+, \d+ probes/.test(line)) break;
  // Go on reading: a reader that stops is another test.
  child.stdout.resume();
  return { child, bpftraces: bpftracesOf(child.pid), errors: () => errors };
};

const stat = (pid: number): { readonly comm: string; readonly state: string; readonly parent: number } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const end = text.lastIndexOf(')');
    const [state = '', parent = ''] = text.slice(end + 2).split(' ');
    return { comm: text.slice(text.indexOf('(') + 1, end), state, parent: Number(parent) };
  } catch {
    return undefined;
  }
};

const bpftracesOf = (parent: number | undefined): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const found = stat(pid);
      return found?.comm === 'bpftrace' && found.parent === parent;
    });

const isThere = (pid: number): boolean => {
  const found = stat(pid);
  return found !== undefined && found.state !== 'Z' && found.comm === 'bpftrace';
};

const gone = async (pids: readonly number[]): Promise<void> => {
  while (pids.some(isThere)) await setTimeout(50);
};

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal}: status ${status}, and no bpftrace is left`, live, async () => {
    const { child, bpftraces, errors } = await watchAttached();
    assert.ok(bpftraces.length > 0);
    child.kill(signal);
    await once(child, 'exit');
    assert.equal(child.exitCode, status);
    assert.equal(errors(), '');
    await gone(bpftraces);
  });

test('SIGKILL: bpftrace ends by itself', live, async () => {
  const { child, bpftraces } = await watchAttached();
  assert.ok(bpftraces.length > 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await gone(bpftraces);
});

test('the reader goes away: status 0, and no bpftrace is left', live, async () => {
  const { child, bpftraces, errors } = await watchAttached();
  child.stdout?.destroy();
  // Something to print about.
  const other = spawn('/bin/true', { stdio: 'ignore' });
  await once(other, 'exit');
  await once(child, 'exit');
  assert.equal(child.exitCode, 0);
  assert.equal(errors(), '');
  await gone(bpftraces);
});

test('a second signal ends it at once; bpftrace follows', live, async () => {
  const { child, bpftraces } = await watchAttached();
  child.kill('SIGTERM');
  child.kill('SIGINT');
  await once(child, 'exit');
  // As a shell tells it: the second signal may also meet a Node that has already given the signals back.
  const status = child.exitCode ?? 128 + constants.signals[child.signalCode ?? 'SIGKILL'];
  assert.ok(status === 130 || status === 143, `status ${status}`);
  await gone(bpftraces);
});
