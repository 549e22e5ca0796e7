import { isatty } from 'node:tty';

/**
 * Where a terminal has gone meanwhile Node aborts at its end: it wants to set it back, and fails an assertion
 * (node::ResetStdio). The end is then that of a hang-up, as that of any program that does not catch it.
 */
export const endWithTheTerminal = (): void => {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    if (terminals.every((descriptor) => isatty(descriptor))) return;
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
};
