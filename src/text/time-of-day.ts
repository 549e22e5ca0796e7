/** What added to a boot clock time gives the time of day; ns. Taken once per line, so a set clock is followed. */
export type WallOffset = bigint;

/** "2026-11-24T15:04:05.123Z" for a boot clock time. */
export const isoTime = (at: bigint, offset: WallOffset): string =>
  new Date(Math.max(-LAST_DATE, Math.min(LAST_DATE, Number((at + offset) / 1_000_000n)))).toISOString();

/** "15:04:05.123" of it. */
export const timeOfDay = (at: bigint, offset: WallOffset): string => isoTime(at, offset).slice(11, 23);

/** A Date goes no further (ECMAScript, Time Values); a damaged recording may claim any time. Ms. */
const LAST_DATE = 8.64e15;
