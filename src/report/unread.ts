import { unreadableText } from '../judge/words.js';
import { type Failure, failure } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import { NOT_READABLE } from '../proc/unread.js';

/** Of processes that somebody asked for: which could not be read, in one sentence; undefined when all could. */
export const unreadFailure = (judged: readonly Judged[]): Failure | undefined => {
  const unread = judged.flatMap(({ evidence }) => (evidence.vmas === undefined ? [evidence] : []));
  const [first] = unread;
  if (first === undefined) return undefined;
  const pids = unread.slice(0, MANY).map(({ process }) => process.pid);
  const more = unread.length > MANY ? ` and ${unread.length - MANY} more` : '';
  const who = unread.length === 1 ? `Process ${first.process.pid}` : `Processes ${pids.join(', ')}${more}`;
  const denied = unread.some((evidence) => evidence.unread.some(({ why }) => why === 'denied'));
  const mend = denied ? NOT_READABLE : 'Try again.';
  return failure('unreadable', `${who} could not be read (${unreadableText(first) ?? ''}).`, mend);
};

const MANY = 5;
