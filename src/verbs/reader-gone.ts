import { EXIT } from '../model/failure.js';
import { say } from '../report/complain.js';
import { standardOutput } from '../report/standard-output.js';

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
