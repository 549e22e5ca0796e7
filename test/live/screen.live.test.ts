import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { moveVdsoAlone } from '../../src/puppet/moves.js';
import { frame } from '../../ui/frame.js';
import { initialView } from '../../ui/view.js';
import { withPuppet } from '../puppet/with-puppet.js';
import { livelyState } from '../ui/fixture.js';
import { needs } from './needs.js';
import { nodeCommand, openTerminal, type Terminal } from './tmux.js';

const view = initialView({ save: false, replay: false, pageSets: false });
const has = (text: string) => (lines: readonly string[]) => lines.some((line) => line.includes(text));
const withoutCost = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replace(/cpu +[\d.]+% \d+M/, '').trimEnd());
const expected = (cols: number, rows: number): readonly string[] =>
  frame(livelyState(), view, { cols, rows }).map((line) => line.trimEnd());

const inTerminal = async (cols: number, rows: number, body: (terminal: Terminal) => Promise<void>): Promise<void> => {
  const terminal = openTerminal(cols, rows);
  try {
    await terminal.until('a prompt', has('$'));
    await body(terminal);
  } finally {
    terminal.close();
  }
};

/** The terminal is as a shell wants it: normal screen with what was on it, echo and line editing, and the status. */
const assertGivenBack = async (terminal: Terminal, status: number): Promise<void> => {
  await terminal.until('the exit status', has(`status=${status}`));
  terminal.type('stty -a | grep -o -w -e "-*icanon" -e "-*echo" | tr "\\n" " "; echo "#"');
  terminal.press('Enter');
  await terminal.until('a sane terminal', has('icanon echo #'));
  assert.ok(!has('── events')(terminal.screen()));
};

for (const [cols, rows] of [
  [80, 24],
  [200, 50],
] as const) {
  test(`in a real terminal of ${cols}x${rows} the frame is what is seen, after a resize too`, needs('tmux'), () =>
    inTerminal(cols, rows, async (terminal) => {
      terminal.type(`${nodeCommand('test/ui/demo.js')}; echo status=$?`);
      terminal.press('Enter');
      await terminal.until('the screen', has('── events'));
      assert.deepEqual(withoutCost(terminal.screen()), expected(cols, rows));
      terminal.resize(100, 30);
      await terminal.until(
        'the resized screen',
        (lines) => lines.length === 30 && lines.at(-1)?.includes('q quit') === true,
      );
      assert.deepEqual(withoutCost(terminal.screen()), expected(100, 30));
      terminal.press('q');
      await assertGivenBack(terminal, 0);
    }),
  );
}

test('suspended, the shell has its terminal; continued, the screen is back', needs('tmux'), () =>
  inTerminal(80, 24, async (terminal) => {
    terminal.type(nodeCommand('test/ui/demo.js'));
    terminal.press('Enter');
    await terminal.until('the screen', has('── events'));
    terminal.press('C-z');
    await terminal.until('the shell', has('Stopped'));
    terminal.type('echo still "here"');
    terminal.press('Enter');
    await terminal.until('an echo', has('still here'));
    terminal.type('fg; echo status=$?');
    terminal.press('Enter');
    await terminal.until('the screen again', has('── events'));
    assert.deepEqual(withoutCost(terminal.screen()), expected(80, 24));
    terminal.press('C-c');
    await assertGivenBack(terminal, 130);
  }),
);

test('suspended where no shell waits, the screen comes back by itself', needs('tmux'), () =>
  inTerminal(80, 24, async (terminal) => {
    terminal.type(`exec ${nodeCommand('test/ui/demo.js')}`);
    terminal.press('Enter');
    await terminal.until('the screen', has('── events'));
    terminal.press('C-z', 'Down');
    await terminal.until('the next row chosen', (lines) => lines.some((line) => line.startsWith('►   2210')));
  }),
);

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const) {
  test(`${signal} gives the terminal back, exit status ${status}`, needs('tmux'), () =>
    inTerminal(80, 24, async (terminal) => {
      const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-test-'));
      const file = join(folder, 'pid');
      try {
        terminal.type(`sh -c 'echo $$ > ${file}; exec ${nodeCommand('test/ui/demo.js')}'; echo status=$?`);
        terminal.press('Enter');
        await terminal.until('the screen', has('── events'));
        process.kill(Number(readFileSync(file, 'utf8')), signal);
        await assertGivenBack(terminal, status);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
  );
}

for (const [cols, rows] of [
  [80, 24],
  [200, 50],
] as const) {
  test(
    `watch at ${cols}x${rows}: a process with a hostile name moves its vDSO`,
    needs('tmux', 'root', 'bpftrace'),
    () =>
      withPuppet({ abi: 'x86_64', comm: Buffer.from('{red-fg}\x1b[2J\n') }, (puppet) =>
        inTerminal(cols, rows, async (terminal) => {
          terminal.type(`${nodeCommand('src/main.js', 'watch')}; echo status=$?`);
          terminal.press('Enter');
          await terminal.until('probes', (lines) => lines[0]?.includes('ebpf bpftrace') === true);
          terminal.type(`/${puppet.pid}`);
          terminal.press('Enter');
          const row = (lines: readonly string[]): string =>
            lines.find((line) => line.includes(` ${puppet.pid} `)) ?? '';
          await terminal.until('its row', (lines) => / native /.test(row(lines)) && row(lines).includes('{red-fg}'));
          const address = await moveVdsoAlone(puppet);
          assert.ok(address > 0n);
          const moved = await terminal.until('the move', (lines) => / moved/.test(row(lines)));
          assert.ok(row(moved).includes(` ${address.toString(16)} `), row(moved));
          terminal.press('Enter', 'Enter');
          const detail = await terminal.until('the detail', has(' last events'));
          assert.ok(
            detail.some((line) => line.includes(`${puppet.pid} {red-fg}\\x1b[2J\\n`)),
            detail.join('\n'),
          );
          assert.ok(
            detail.some((line) => / a dump {5}CRIU [\d.]+: dump /.test(line)),
            detail.join('\n'),
          );
          assert.ok(detail.every((line) => line.length <= cols));
          terminal.press('q');
          await assertGivenBack(terminal, 0);
        }),
      ),
  );
}
