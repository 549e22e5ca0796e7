import { AFTER, ARGS, BEFORE, BOOLEANS, COMPAT, RESULT, SNAPSHOT, SNAPSHOTS, TARGET } from './event-writing.js';
import * as cursor from './line-cursor.js';

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
