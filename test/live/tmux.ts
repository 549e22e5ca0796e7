import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A shell in a real terminal (tmux, on a server of its own), with job control and a prompt of "$ ". */
export interface Terminal {
  /** The visible lines, without blanks at their ends. */
  readonly screen: () => readonly string[];
  /** Types text as it is. */
  readonly type: (text: string) => void;
  /** Presses keys by tmux names: Enter, Escape, Down, C-c. */
  readonly press: (...keys: readonly string[]) => void;
  readonly resize: (cols: number, rows: number) => void;
  /** Waits until the screen is as wanted; fails with what it shows. */
  readonly until: (what: string, wanted: (lines: readonly string[]) => boolean) => Promise<readonly string[]>;
  readonly close: () => void;
}

const PATIENCE_MS = 30_000;

export const openTerminal = (
  cols: number,
  rows: number,
  environment: Readonly<Record<string, string>> = {},
): Terminal => {
  // tmux leaves its socket behind: in a folder of its own it goes with the folder.
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-tmux-'));
  const tmux = (...words: readonly string[]): string =>
    execFileSync('tmux', ['-S', join(folder, 'socket'), '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const settings = Object.entries({ PS1: '$ ', LANG: 'C.UTF-8', ...environment }).map(
    ([name, value]) => `${name}=${value}`,
  );
  // -u: tmux itself in UTF-8, whatever the locale of the test.
  tmux(
    '-u',
    'new-session',
    '-d',
    '-x',
    String(cols),
    '-y',
    String(rows),
    'env',
    ...settings,
    'bash',
    '--norc',
    '--noprofile',
    '-i',
  );
  const screen = (): readonly string[] =>
    tmux('capture-pane', '-p')
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.trimEnd());
  return {
    screen,
    type: (text) => tmux('send-keys', '-l', text),
    press: (...keys) => tmux('send-keys', ...keys),
    resize: (width, height) => tmux('resize-window', '-x', String(width), '-y', String(height)),
    until: async (what, wanted) => {
      const end = Date.now() + PATIENCE_MS;
      for (;;) {
        const lines = screen();
        if (wanted(lines)) return lines;
        if (Date.now() > end) assert.fail(`waited for ${what}; the terminal shows\n${lines.join('\n')}`);
        await sleep(50);
      }
    },
    close: () => {
      tmux('kill-server');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** `node FILE` of this build, for a shell. */
export const nodeCommand = (file: string, ...words: readonly string[]): string =>
  [process.execPath, fileURLToPath(new URL(`../../${file}`, import.meta.url)), ...words].join(' ');
