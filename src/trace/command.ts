import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { execa } from 'execa';
import { say } from '../report/complain.js';
import { escapeText } from '../text/escape.js';

/** A command that runs while something is recorded. */
export interface Running {
  /** undefined: it could not be started. */
  readonly pid: number | undefined;
  /** Its exit status, as a shell says it: 128 + signal, 127 not found, 126 not to be run. */
  readonly ended: Promise<number>;
  /** Passes a signal of ours on. */
  readonly signal: (number: number) => void;
}

const WHY: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such command'],
  ['EACCES', 'it may not be executed'],
]);

/** Starts the command with our input and outputs; why it cannot be started is said. */
export const runCommand = ([program = '', ...args]: readonly string[]): Running => {
  const child = execa(program, args, { stdio: 'inherit', reject: false, cleanup: true });
  const ended = child.then(({ exitCode, signal, code }) => {
    if (exitCode !== undefined) return exitCode;
    if (signal !== undefined) return 128 + constants.signals[signal];
    const why = WHY.get(code ?? '') ?? code ?? 'unknown error';
    say(`${escapeText(program)} cannot be run: ${why}.`);
    return code === 'ENOENT' ? 127 : 126;
  });
  return {
    pid: child.pid,
    ended,
    // A terminal has sent its interrupt to the command, too.
    signal: (number) => {
      if (number !== constants.signals.SIGINT || !isatty(0)) child.kill(number);
    },
  };
};
