import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('screen-child.js', import.meta.url));
const ALTERNATE_ON = '\x1b[?1049h';
const ALTERNATE_OFF = '\x1b[?1049l';
const CURSOR_ON = '\x1b[?25h';
const CURSOR_OFF = '\x1b[?25l';

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Length of stdout when "detached" came on stderr. */
  readonly atDetach: number;
}

const run = async (how: string, act: (child: ReturnType<typeof spawn>) => void): Promise<Ended> => {
  const child = spawn(process.execPath, [CHILD, how], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let atDetach = -1;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const ready = !stderr.includes('ready') && (stderr + text).includes('ready');
    stderr += text;
    if (stderr.includes('detached')) atDetach = stdout.length;
    if (ready) act(child);
  });
  const [status, signal] = await once(child, 'close');
  return { status, signal, stdout, stderr, atDetach };
};

const assertGivenBack = ({ stdout }: Ended): void => {
  assert.ok(stdout.includes(ALTERNATE_ON), 'the screen was up');
  assert.ok(stdout.lastIndexOf(ALTERNATE_OFF) > stdout.lastIndexOf(ALTERNATE_ON), 'the alternate screen was left');
  assert.ok(stdout.lastIndexOf(CURSOR_ON) > stdout.lastIndexOf(CURSOR_OFF), 'the cursor is shown');
  // Nothing is drawn onto the normal screen afterwards.
  assert.doesNotMatch(stdout.slice(stdout.lastIndexOf(ALTERNATE_OFF)), /vdsowatch|events/);
};

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGQUIT', 131],
] as const) {
  test(`${signal}: the terminal is given back before the tracer is waited for, exit status ${status}`, async () => {
    const ended = await run('wait', (child) => child.kill(signal));
    assert.equal(ended.status, status, ended.stderr);
    assertGivenBack(ended);
    assert.match(ended.stderr, /detached/);
    assert.ok(ended.stdout.lastIndexOf(ALTERNATE_OFF) < ended.atDetach);
  });
}

test('an exception nobody catches: the terminal is given back, then Node says what happened', async () => {
  const ended = await run('throw', () => {});
  assert.notEqual(ended.status, 0);
  assertGivenBack(ended);
  assert.match(ended.stderr, /a bug somewhere/);
  assert.doesNotMatch(ended.stderr, /TypeError/);
});

test('a rejection nobody handles: the same', async () => {
  const ended = await run('reject', () => {});
  assert.notEqual(ended.status, 0);
  assertGivenBack(ended);
  assert.match(ended.stderr, /a promise nobody kept/);
});

test('process.exit from somewhere: the terminal is given back, the status kept', async () => {
  const ended = await run('exit', () => {});
  assert.equal(ended.status, 5);
  assertGivenBack(ended);
});

test('EPIPE: nothing to give back, no stack trace, the exit status of a hangup', async () => {
  const ended = await run('wait', (child) => child.stdout?.destroy());
  assert.equal(ended.status, 129, ended.stderr);
  assert.equal(ended.stderr, 'ready\ndetached\n');
});
