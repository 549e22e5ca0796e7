import type { Static, TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { ClockRecord, HeaderRecord, HookRecord, KINDS, TRACE } from './format.js';
import type { Said } from './items.js';
import { fromDigits } from './number-text.js';

/** What all readers of lines need. */

export const BAD: Said = { kind: 'bad' };
export const ORPHAN: Said = { kind: 'orphan' };

/** A check of that schema, compiled when the first of its kind is met. */
export const check = <T extends TSchema>(schema: T) => {
  let compiled: ReturnType<typeof TypeCompiler.Compile<T>> | undefined;
  return (value: unknown): value is Static<T> => {
    compiled ??= TypeCompiler.Compile(schema);
    return compiled.Check(value);
  };
};

const isHeader = check(HeaderRecord);
const isHook = check(HookRecord);
const isClock = check(ClockRecord);

/** A line as JSON; undefined: it is none. Our own are ASCII; another tool may have written UTF-8. */
export const parsedLine = (bytes: Buffer, from: number, to: number): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8', from, to));
  } catch {
    return undefined;
  }
};

/** The records that hold no content. */
export const commonRecord = (value: unknown): Said | undefined => {
  const kind = recordOf(value);
  switch (kind) {
    case undefined:
      return BAD;
    case 'header':
      if (isForeign(value)) return { kind: 'foreign', schema: value.schema };
      return isHeader(value) ? { kind: 'header', header: value } : BAD;
    case 'hook':
      return isHook(value) ? { kind: 'hook', hook: value } : BAD;
    case 'clock':
      return isClock(value) ? { kind: 'clock', offset: fromDigits(value.offset) } : BAD;
    default:
      return KINDS.has(kind) ? undefined : LATER;
  }
};

const LATER: Said = { kind: 'later' };

/** The kind of a parsed line; undefined: it is none of a recording. */
export const recordOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && 'record' in value && typeof value.record === 'string'
    ? value.record
    : undefined;

const isForeign = (value: unknown): value is { schema: string } =>
  typeof value === 'object' &&
  value !== null &&
  'schema' in value &&
  typeof value.schema === 'string' &&
  value.schema !== TRACE;

/** How lines of a kind begin. */
export const SNAPSHOT = Buffer.from('{"record":"snapshot"');
export const VERDICT = Buffer.from('{"record":"verdict"');
export const SAID = Buffer.from('{"record":"said"');

/** Is a line of that kind at bytes[from]? The first letter of the kind tells most apart. */
export const startsWith = (bytes: Buffer, from: number, beginning: Buffer): boolean =>
  bytes[from + KIND] === beginning[KIND] &&
  bytes.length - from >= beginning.length &&
  bytes.compare(beginning, 0, beginning.length, from, from + beginning.length) === 0;
const KIND = '{"record":"'.length;
