import { EVENT } from '../report/event-json.js';
import {
  ADDRESS_SPACE,
  AFTER,
  ARGS,
  AT,
  BEFORE,
  BOOLEANS,
  CALL,
  CALL_NAMES,
  CHILD,
  CLOSE,
  COMM,
  COMPAT,
  type EventKind,
  FLAGS,
  KINDS,
  MM,
  QUOTE,
  RESULT,
  SAYS,
  SEVERITIES,
  SEVERITY,
  SNAPSHOT,
  SNAPSHOTS,
  SPACE,
  START,
  TARGET,
  TGID,
  TID,
  VDSO,
  WHOLE,
} from './event-writing.js';
import * as cursor from './line-cursor.js';
import type { WallTime } from './wall-time.js';

/**
 * Makes the line of `-o ndjson` from the line of a recording, for the commonest ones: what the one says stands in the
 * other already, so it is cut out and put together anew, without numbers or objects being made of it. Every byte is
 * looked at on the way: whatever is not exactly as `eventLine` writes it, gives undefined and is read the general way,
 * with the same result (a property test holds the two together).
 */
export const swiftLine = (bytes: Buffer, from: number, to: number, time: WallTime): string | undefined => {
  cursor.open(bytes, from, to);
  cursor.take(START);
  const kind = cursor.oneOf(KINDS);
  cursor.take(AT);
  const at = cursor.position();
  cursor.skipDigits();
  const atEnd = cursor.position();
  cursor.take(TGID);
  const tgid = cursor.position();
  cursor.skipInteger();
  const tgidEnd = cursor.position();
  cursor.take(TID);
  const tid = cursor.position();
  cursor.skipInteger();
  const tidEnd = cursor.position();
  cursor.take(COMM);
  const comm = cursor.position();
  cursor.skipText();
  const commEnd = cursor.position();
  cursor.take(SPACE);
  cursor.skipWord();
  cursor.take(MM);
  cursor.skipWord();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  if (kind === undefined || cursor.failed()) return undefined;
  const details = cursor.position() + 1;
  const result = DETAILS[kind]();
  const detailsEnd = cursor.position();
  cursor.take(TARGET);
  if (!cursor.isNull()) cursor.skipInteger();
  cursor.take(SNAPSHOT);
  cursor.oneOf(SNAPSHOTS);
  cursor.take(SEVERITY);
  const severity = cursor.position();
  cursor.oneOf(SEVERITIES);
  const severityEnd = cursor.position() - 1;
  cursor.take(SAYS);
  const says = cursor.position();
  cursor.skipText();
  const saysEnd = cursor.position();
  cursor.take(ADDRESS_SPACE);
  const space = cursor.position();
  cursor.skipText();
  const spaceEnd = cursor.position();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  if (!cursor.atEnd()) return undefined;
  const line = bytes.toString('latin1', from, to);
  const cut = (start: number, end: number): string => line.slice(start - from, end - from);
  const when = cut(at, atEnd);
  const head = `${SCHEMA}${when}","time":"${time(when)}","severity":"${cut(severity, severityEnd)}","text":"${cut(says, saysEnd)}","pid":${cut(tgid, tgidEnd)},"comm":"${cut(comm, commEnd)}","space":"${cut(space, spaceEnd)}","tid":${cut(tid, tidEnd)},"kind":"${kind}",`;
  // Only a call has a result; its errno stands behind it.
  return result === 0
    ? `${head}${cut(details, detailsEnd)}}`
    : `${head}${cut(details, result)},"errno":null${cut(result, detailsEnd)}}`;
};

/** Steps over what is particular to a kind; where its errno goes, 0: it has none. */
const DETAILS: Readonly<Record<EventKind, () => number>> = {
  call: () => {
    cursor.take(CALL);
    cursor.oneOf(CALL_NAMES);
    cursor.take(ARGS);
    cursor.skipWords();
    cursor.take(RESULT);
    // A negative one has a name, which is not in the line.
    cursor.skipWord();
    const errno = cursor.position() + 1;
    cursor.take(COMPAT);
    cursor.oneOf(BOOLEANS);
    cursor.take(BEFORE);
    cursor.skipWordOrNull();
    cursor.take(AFTER);
    cursor.skipWordOrNull();
    return errno;
  },
  fork: () => {
    cursor.take(CHILD);
    cursor.skipInteger();
    cursor.take(FLAGS);
    cursor.skipWord();
    cursor.takeByte(QUOTE);
    return 0;
  },
  exec: () => {
    cursor.take(VDSO);
    cursor.skipWordOrNull();
    return 0;
  },
  exit: () => {
    cursor.take(WHOLE);
    cursor.oneOf(BOOLEANS);
    return 0;
  },
};

const SCHEMA = `{"schema":"${EVENT}","at":"`;
