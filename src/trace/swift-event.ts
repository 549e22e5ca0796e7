import type { CallEvent, Event, ExecEvent, ExitEvent, ForkEvent } from '../model/event.js';
import type { Happening } from '../pipeline/observation.js';
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
  STATUS,
  TARGET,
  TGID,
  TID,
  VDSO,
  WHOLE,
} from './event-writing.js';
import * as cursor from './line-cursor.js';

/**
 * Reads the commonest lines, calls, forks, execs and exits, straight from their bytes: JSON.parse, a schema check and
 * BigInt("0x...") on each would cost several times as much, and a recording has millions of them. It knows the exact
 * writing of `eventLine`; whatever differs in one byte gives undefined and is read the general way, with the same
 * result (a property test holds the two together).
 */
export const swiftEvent = (bytes: Buffer, from: number, to: number): Happening | undefined => {
  cursor.open(bytes, from, to);
  cursor.take(START);
  const kind = cursor.oneOf(KINDS);
  cursor.take(AT);
  const at = cursor.digits();
  cursor.take(TGID);
  const tgid = cursor.integer();
  cursor.take(TID);
  const tid = cursor.integer();
  cursor.take(COMM);
  const comm = cursor.plainText();
  cursor.take(SPACE);
  const id = cursor.word();
  cursor.take(MM);
  const mm = cursor.word();
  cursor.takeByte(QUOTE);
  cursor.takeByte(CLOSE);
  if (kind === undefined || cursor.failed()) return undefined;
  const event = READERS[kind]({ at, tgid, tid, comm, space: { id, mm } });
  cursor.take(TARGET);
  const target = cursor.isNull() ? undefined : cursor.integer();
  cursor.take(SNAPSHOT);
  const snapshot = cursor.oneOf(SNAPSHOTS);
  skipSaid();
  cursor.takeByte(CLOSE);
  if (event === undefined || snapshot === undefined || !cursor.atEnd()) return undefined;
  return { kind: 'event', event, target, snapshot };
};

/** What was said of it is made again. */
const skipSaid = (): void => {
  if (cursor.isAt(CLOSE)) return;
  cursor.take(SEVERITY);
  cursor.oneOf(SEVERITIES);
  cursor.take(SAYS);
  cursor.skipText();
  cursor.take(ADDRESS_SPACE);
  cursor.skipText();
  cursor.takeByte(QUOTE);
};

type Seen = Pick<CallEvent, 'at' | 'tgid' | 'tid' | 'comm' | 'space'>;

const call = (seen: Seen): CallEvent | undefined => {
  cursor.take(CALL);
  const called = cursor.oneOf(CALL_NAMES);
  cursor.take(ARGS);
  const args = cursor.words();
  cursor.take(RESULT);
  const result = cursor.result();
  cursor.take(COMPAT);
  const compat = cursor.oneOf(BOOLEANS);
  cursor.take(BEFORE);
  const vdsoBefore = cursor.wordOrNull();
  cursor.take(AFTER);
  const vdsoAfter = cursor.wordOrNull();
  if (called === undefined || compat === undefined) return undefined;
  const { at, tgid, tid, comm, space } = seen;
  return { kind: 'call', at, tgid, tid, comm, space, call: called, args, result, compat, vdsoBefore, vdsoAfter };
};

const fork = ({ at, tgid, tid, comm, space }: Seen): ForkEvent => {
  cursor.take(CHILD);
  const childPid = cursor.integer();
  cursor.take(FLAGS);
  const cloneFlags = cursor.word();
  cursor.takeByte(QUOTE);
  return { kind: 'fork', at, tgid, tid, comm, space, childPid, cloneFlags };
};

const exec = ({ at, tgid, tid, comm, space }: Seen): ExecEvent => {
  cursor.take(VDSO);
  return { kind: 'exec', at, tgid, tid, comm, space, vdso: cursor.wordOrNull() };
};

const exit = ({ at, tgid, tid, comm, space }: Seen): ExitEvent | undefined => {
  cursor.take(WHOLE);
  const wholeProcess = cursor.oneOf(BOOLEANS);
  cursor.take(STATUS);
  const status = cursor.isNull() ? undefined : cursor.integer();
  return wholeProcess === undefined ? undefined : { kind: 'exit', at, tgid, tid, comm, space, wholeProcess, status };
};

const READERS: Readonly<Record<EventKind, (seen: Seen) => Event | undefined>> = { call, fork, exec, exit };
