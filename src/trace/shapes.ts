import { Type } from '@sinclair/typebox';
import type { Host } from '../model/evidence.js';
import { DIGITS, HEX, RESULT, SIGNED } from './number-text.js';

/** The pieces that the records of the trace are made of. */
export const Word = Type.String({ pattern: HEX });
export const Time = Type.String({ pattern: DIGITS, description: 'CLOCK_BOOTTIME, ns' });
export const Offset = Type.String({ pattern: SIGNED, description: 'time of day (Unix, ns) minus CLOCK_BOOTTIME' });
export const Digits = Type.String({ pattern: DIGITS });
export const Result = Type.String({ pattern: RESULT, description: 'return value; a negative errno is decimal' });
export const Latin1 = Type.String({ description: 'raw bytes, one character each (latin1): hostile' });
export const Int = Type.Integer();
export const Pid = Type.Integer({ minimum: 0 });

/** One of the words of a type of the model, all of which must stand here: what it learns, the trace must learn too. */
export const allWords = <T extends string>(values: Readonly<Record<T, true>>) =>
  Type.Unsafe<T>(Type.Union(Object.keys(values).map((value) => Type.Literal(value))));

export const HintTest = allWords<Host['hintTest']>({ kept: true, lost: true, unknown: true });
