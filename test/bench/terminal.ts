import { spawn } from 'node:child_process';
import xterm from '@xterm/headless';
import { childrenOf, ended, pause } from './programs.js';

/** A program on a terminal of 160 x 40, as a person would see it. */
export interface Terminal {
  /** Of the program. */
  readonly pid: () => number;
  readonly lines: () => readonly string[];
  /** Waits until what is on it holds. */
  readonly until: (holds: (lines: readonly string[]) => boolean) => Promise<void>;
  /** Called when something was painted, with the lines and the time (ms, process.hrtime) at which it came. */
  readonly painted: (see: (lines: readonly string[], at: number) => void) => void;
  readonly press: (keys: string) => void;
  readonly stop: () => Promise<void>;
}

const SIZE = { cols: 160, rows: 40 };

export const onTerminal = async (storm: string, command: readonly string[], env: object = {}): Promise<Terminal> => {
  const child = spawn(storm, ['pty', `${SIZE.cols}x${SIZE.rows}`, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TERM: 'xterm-256color', ...env },
  });
  const screen = new xterm.Terminal({ ...SIZE, allowProposedApi: true });
  const lines = (): readonly string[] =>
    Array.from({ length: SIZE.rows }, (_, row) => screen.buffer.active.getLine(row)?.translateToString(true) ?? '');
  const seers: ((lines: readonly string[], at: number) => void)[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    const at = now();
    screen.write(chunk, () => {
      for (const see of seers) see(lines(), at);
    });
  });
  while (childrenOf(child.pid ?? 0).length === 0) await pause(5);
  const [pid = 0] = childrenOf(child.pid ?? 0);
  const painted = (see: (lines: readonly string[], at: number) => void): void => {
    seers.push(see);
  };
  return {
    pid: () => pid,
    lines,
    painted,
    until: (holds) =>
      new Promise((resolve, reject) => {
        if (holds(lines())) resolve();
        painted((all) => {
          if (holds(all)) resolve();
        });
        child.once('exit', () => reject(new Error(`${command.join(' ')} ended:\n${lines().join('\n')}`)));
      }),
    press: (keys) => child.stdin.write(keys),
    stop: async () => {
      // The terminal goes when its input ends.
      child.stdin.end();
      await ended(child);
    },
  };
};

/** ms of the clock of process.hrtime, CLOCK_MONOTONIC. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
