import { existsSync } from 'node:fs';
import { isatty } from 'node:tty';
import { EXIT } from '../model/failure.js';
import { say } from '../report/complain.js';
import { standardOutput } from '../report/output.js';

/** Verbs that know nothing without /proc; the others read what was written before. */
const LOOKING = new Set(['watch', 'ps', 'check', 'capture', 'record', 'hint', 'doctor', 'hook']);

/** In a chroot, or a container made by hand. Returns the sentence, or undefined when all is well. */
export const missingProc = (verb: string, self = '/proc/self/status'): string | undefined =>
  LOOKING.has(verb) && !existsSync(self)
    ? '/proc is not mounted here, or is that of another pid namespace. Run: mount -t proc proc /proc'
    : undefined;

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

/**
 * `vdsowatch ps | head`: the reader of standard output has seen enough and gone. That is no failure, and no verdict
 * either: the verb goes on to its own exit status, without a word. A full disk is a failure. Only for verbs that print
 * and end; a verb that goes on stops what it started first, by itself.
 */
export const stopWithoutReader = (): void => {
  if (stops) return;
  stops = true;
  standardOutput().on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
    const why = error.code ?? 'unknown error';
    say(`Standard output cannot be written (${why}). Free some space there, or write elsewhere.`);
    process.exit(EXIT.cannotRun);
  });
};
let stops = false;

/** Standard error that nobody reads, or on a full disk, is no reason to stop, and no reason to crash: of any verb. */
export const goOnUnheard = (): void => {
  process.stderr.on('error', () => {});
};
