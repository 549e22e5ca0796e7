import { CALLS } from './format-event.js';
import * as cursor from './line-cursor.js';
import { type Choice, choices, literal } from './literal.js';

/** How `eventLine` (encode-event.ts) writes events, piece by piece, for those who read the bytes. */

/** The commonest kinds of events. */
export type EventKind = 'call' | 'fork' | 'exec' | 'exit';
export const KINDS: readonly Choice<EventKind>[] = choices('call', 'fork', 'exec', 'exit');
export const CALL_NAMES = choices(...CALLS);
export const SNAPSHOTS = choices('asked', 'none', 'refused');
export const BOOLEANS: readonly Choice<boolean>[] = [
  { written: literal('false'), value: false },
  { written: literal('true'), value: true },
];

export const START = literal('{"record":"');
export const CALL_KIND = literal('call"');
export const AT = literal(',"at":"');
export const TGID = literal('","tgid":');
export const TID = literal(',"tid":');
export const COMM = literal(',"comm":"');
export const SPACE = literal('","space":{"id":"');
export const MM = literal('","mm":"');
export const CALL = literal(',"call":"');
export const MREMAP = literal('mremap"');
export const ARGS = literal(',"args":');
export const RESULT = literal(',"result":"');
export const COMPAT = literal('","compat":');
export const BEFORE = literal(',"vdsoBefore":');
export const AFTER = literal(',"vdsoAfter":');
export const CHILD = literal(',"child":');
export const FLAGS = literal(',"cloneFlags":"');
export const VDSO = literal(',"vdso":');
export const WHOLE = literal(',"wholeProcess":');
export const STATUS = literal(',"status":');
export const TARGET = literal(',"target":');
export const SNAPSHOT = literal(',"snapshot":"');
export const SEVERITY = literal(',"severity":"');
export const WARNING = literal(',"severity":"warning"');
export const SAYS = literal(',"says":"');
export const ADDRESS_SPACE = literal('","addressSpace":"');
export const SEVERITIES = choices('info', 'warning', 'error');
export const CLOSE = 0x7d;
export const QUOTE = 0x22;

/** Parts of the line of an event that are stepped over as one, by those who make nothing of them. */

/**
 * What a call was given and what came of it. Only one that succeeded: a negative result has a minus sign, and a name
 * that is not in the line. Where the name of an errno goes.
 */
export const skipOutcome = (): number => {
  cursor.take(ARGS);
  cursor.skipWords();
  cursor.take(RESULT);
  cursor.skipWord();
  const errno = cursor.position() + 1;
  cursor.take(COMPAT);
  cursor.oneOf(BOOLEANS);
  cursor.take(BEFORE);
  cursor.skipWordOrNull();
  cursor.take(AFTER);
  cursor.skipWordOrNull();
  return errno;
};

/** Whom it was about, and whether a reading followed. */
export const skipTarget = (): void => {
  cursor.take(TARGET);
  if (!cursor.isNull()) cursor.skipInteger();
  cursor.take(SNAPSHOT);
  cursor.oneOf(SNAPSHOTS);
};
