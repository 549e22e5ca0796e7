import { EVENT } from '../model/document-names.js';
import type { WallTime } from '../text/time-of-day.js';
import type { ByteSink } from './byte-sink.js';
import {
  ADDRESS_SPACE,
  AT,
  BOOLEANS,
  CALL,
  CALL_NAMES,
  CHILD,
  CLOSE,
  COMM,
  type EventKind,
  FLAGS,
  KINDS,
  MM,
  QUOTE,
  SAYS,
  SEVERITIES,
  SEVERITY,
  SPACE,
  START,
  STATUS,
  skipOutcome,
  skipTarget,
  TGID,
  TID,
  VDSO,
  WHOLE,
} from './event-writing.js';
import * as cursor from './line-cursor.js';
import { type Literal, literal } from './literal.js';

/**
 * Makes the line of `-o ndjson` from the line of a recording, for the commonest ones: what the one says stands in the
 * other already, so it is copied, and no numbers, texts or objects are made of it. Every byte is looked at on the way:
 * whatever is not exactly as `eventLine` writes it is refused (false) and read the general way, with the same result
 * (a property test holds the two together).
 */
export const swiftLine = (bytes: Buffer, from: number, to: number, time: WallTime, out: ByteSink): boolean => {
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
  if (kind === undefined || cursor.failed()) return false;
  const details = cursor.position();
  const errno = DETAILS[kind]();
  const detailsEnd = cursor.position();
  skipTarget();
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
  if (!cursor.atEnd()) return false;

  const view = cursor.lineView();
  const when = time(cursor.decimal(at, atEnd));
  if (when === undefined) return false;
  out.reserve(to - from + SURPLUS);
  out.literal(SCHEMA);
  out.copy(view, at, atEnd);
  out.literal(SAID_TIME);
  out.copy(when, 0, when.byteLength);
  out.literal(SAID_SEVERITY);
  out.copy(view, severity, severityEnd);
  out.literal(SAID_TEXT);
  out.copy(view, says, saysEnd);
  out.literal(SAID_PID);
  out.copy(view, tgid, tgidEnd);
  out.literal(COMM);
  out.copy(view, comm, commEnd);
  out.literal(SAID_SPACE);
  out.copy(view, space, spaceEnd);
  out.literal(SAID_TID);
  out.copy(view, tid, tidEnd);
  out.literal(SAID_KIND[kind]);
  // Only a call has a result; the name of its errno stands behind it.
  if (errno === 0) out.copy(view, details, detailsEnd);
  else {
    out.copy(view, details, errno);
    out.literal(NO_ERRNO);
    out.copy(view, errno, detailsEnd);
  }
  out.byte(CLOSE);
  out.byte(NEWLINE);
  return true;
};

/** Steps over what is particular to a kind; where its errno goes, 0: it has none. */
const DETAILS: Readonly<Record<EventKind, () => number>> = {
  call: () => {
    cursor.take(CALL);
    cursor.oneOf(CALL_NAMES);
    return skipOutcome();
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
    cursor.take(STATUS);
    if (!cursor.isNull()) cursor.skipInteger();
    return 0;
  },
};

const SCHEMA = literal(`{"schema":"${EVENT}","at":"`);
const SAID_TIME = literal('","time":"');
const SAID_SEVERITY = literal('","severity":"');
const SAID_TEXT = literal('","text":"');
const SAID_PID = literal('","pid":');
const SAID_SPACE = literal('","space":"');
const SAID_TID = literal('","tid":');
const SAID_KIND: Readonly<Record<EventKind, Literal>> = {
  call: literal(',"kind":"call"'),
  fork: literal(',"kind":"fork"'),
  exec: literal(',"kind":"exec"'),
  exit: literal(',"kind":"exit"'),
};
const NO_ERRNO = literal(',"errno":null');
const NEWLINE = 0x0a;
/** How much longer a printed line may be than the recorded one. */
const SURPLUS = 200;
