import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';

/** Process ids from the command line. */
export const parsePids = (words: readonly string[]): Outcome<readonly number[]> => {
  const pids: number[] = [];
  for (const word of words) {
    // The kernel's limit is 2^22 (PID_MAX_LIMIT, include/linux/threads.h); leading zeros are no way to write a pid.
    const pid = /^[1-9]\d{0,9}$/.test(word) ? Number(word) : undefined;
    if (pid === undefined)
      return failed(
        failure('usage', `"${escapeText(word)}" is not a process id.`, 'Give the number that `ps -e` shows.'),
      );
    pids.push(pid);
  }
  return success(pids);
};
