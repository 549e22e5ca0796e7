import type { Failure } from '../model/failure.js';

/** What a program says beside its output: one line on stderr, with its name in front. */
export const say = (text: string): void => {
  process.stderr.write(`vdsowatch: ${text}\n`);
};

/** The sentence of a failure and what mends it, on one line. */
export const complain = ({ text, mend }: Pick<Failure, 'text' | 'mend'>): void => {
  if (mend === null) say(text);
  else say(`${text}${/[.!?:]$/.test(text) ? '' : ':'} ${mend}`);
};
