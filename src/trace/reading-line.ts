import type { Evidence } from '../model/evidence.js';
import { openStore } from '../model/store.js';
import { CLOSE, QUOTE } from './event-writing.js';
import * as cursor from './line-cursor.js';
import { literal } from './literal.js';

/** The line of a reading in two parts: what differs each time, and the JSON of what was read, bytes[from..to). */
export interface ReadingLine {
  readonly id: number;
  readonly pid: number;
  readonly startedAt: bigint;
  readonly takenAt: bigint | undefined;
  readonly from: number;
  readonly to: number;
}

/** Knows the exact writing of a `snapshot` line (encoder.ts); undefined: another one, to be read the general way. */
export const readingLine = (bytes: Buffer, from: number, to: number): ReadingLine | undefined => {
  cursor.open(bytes, from, to);
  cursor.take(START);
  const id = cursor.integer();
  cursor.take(PID);
  const pid = cursor.integer();
  cursor.take(STARTED);
  const startedAt = cursor.digits();
  cursor.take(TAKEN);
  const takenAt = cursor.isNull() ? undefined : quotedDigits();
  cursor.take(EVIDENCE);
  if (cursor.failed() || bytes[to - 1] !== CLOSE) return undefined;
  return { id, pid, startedAt, takenAt, from: cursor.position(), to: to - 1 };
};

const quotedDigits = (): bigint => {
  cursor.takeByte(QUOTE);
  const value = cursor.digits();
  cursor.takeByte(QUOTE);
  return value;
};

const START = literal('{"record":"snapshot","id":');
const PID = literal(',"pid":');
const STARTED = literal(',"startedAt":"');
const TAKEN = literal('","takenAt":');
const EVIDENCE = literal(',"evidence":');

/**
 * What was read of a process the last times, by the text of it. A process of a storm is looked at in short by a sweep
 * and at length for its events, turn and turn about, and each shows what it has shown before: that is the same evidence
 * then, and whoever meets it knows it again. Good as long as hosts and blobs have the numbers that they had.
 */
export interface FormerReadings {
  readonly find: (bytes: Buffer, line: ReadingLine) => Evidence | undefined;
  readonly put: (bytes: Buffer, line: ReadingLine, evidence: Evidence) => void;
  readonly clear: () => void;
}

export const openFormerReadings = (): FormerReadings => {
  /** Newest first. */
  const byPid = openStore<number, readonly Former[]>(MOST, HEAVIEST);
  return {
    find: (bytes, { pid, from, to }) =>
      byPid.get(pid)?.find(({ text }) => text.length === to - from && text.compare(bytes, from, to) === 0)?.evidence,
    put: (bytes, { pid, from, to }, evidence) => {
      const text = Buffer.from(bytes.subarray(from, to));
      const kept = [{ text, evidence }, ...(byPid.get(pid) ?? [])].slice(0, TURNS);
      byPid.put(
        pid,
        kept,
        kept.reduce((sum, former) => sum + former.text.length, 0),
      );
    },
    clear: byPid.clear,
  };
};

interface Former {
  readonly text: Buffer;
  readonly evidence: Evidence;
}

const TURNS = 2;
const MOST = 1000;
const HEAVIEST = 2 * 1024 * 1024;
