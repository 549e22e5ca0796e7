import { type TSchema, Type } from '@sinclair/typebox';

/** What the schemas of the documents that leave the program are made of. */
export const Hex = Type.String({ pattern: '^0x[0-9a-f]+$' });

/** Null: not known, or not there, as the schema says. */
export const orNull = <const T extends TSchema>(type: T) => Type.Union([type, Type.Null()]);

/** One of these words. */
export const words = <const T extends readonly string[]>(...values: T) =>
  Type.Unsafe<T[number]>(Type.Union(values.map((value) => Type.Literal(value))));
