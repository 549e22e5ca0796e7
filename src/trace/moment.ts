import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import type { Header } from './format.js';
import { fromDigits } from './number-text.js';

/**
 * A time in a recording, to the boot clock, ns: "+12.5" (seconds from its beginning), "15:04:05.123" (UTC, as the
 * lines show it; on the day of the beginning, or the next when it is earlier than that), or ISO 8601.
 */
export const parseMoment = (text: string, begin: bigint, offset: bigint): Outcome<bigint> => {
  const since = /^\+(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text);
  if (since !== null)
    return success(begin + BigInt(since[1] ?? '0') * SECOND + BigInt((since[2] ?? '').padEnd(9, '0')));
  if (CLOCK.test(text)) {
    const day = new Date(Number((begin + offset) / MILLI)).toISOString().slice(0, 10);
    const at = BigInt(Date.parse(`${day}T${text}Z`)) * MILLI - offset;
    return success(at < begin - SECOND ? at + DAY : at);
  }
  const wall = ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(wall)) return success(BigInt(wall) * MILLI - offset);
  return failed(
    failure(
      'usage',
      `"${escapeText(text)}" is no time.`,
      'Give seconds from the beginning, like +12.5, a time of day (UTC), like 15:04:05, or 2026-01-31T15:04:05Z.',
    ),
  );
};

/**
 * What added to the boot clock of a run gives that of the first one, ns: runs of one boot have one clock; those of
 * others, as the time of day has it.
 */
export const shiftOf = (begin: Header, { session, bootId, offset }: Header): bigint =>
  session === begin.session || (bootId !== null && bootId === begin.bootId)
    ? 0n
    : fromDigits(offset) - fromDigits(begin.offset);

const MILLI = 1_000_000n;
const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;
const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3})?$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;
