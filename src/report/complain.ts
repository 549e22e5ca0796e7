import { EXIT, type Failure, sentence } from '../model/failure.js';

/** What a program says beside its output: one line on stderr, with its name in front. */
export const say = (text: string): void => {
  process.stderr.write(`vdsowatch: ${text}\n`);
};

/** The sentence of a failure and what mends it, on one line. */
export const complain = (reason: Pick<Failure, 'text' | 'mend'>): void => say(sentence(reason));

/** The same where a verb ends with it: its exit status. */
export const refuse = (reason: Failure, status: number = EXIT.cannotRun): number => {
  complain(reason);
  return status;
};
