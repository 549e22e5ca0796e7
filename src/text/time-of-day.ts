/** What added to a boot clock time gives the time of day; ns. Taken once per line, so a set clock is followed. */
export type WallOffset = bigint;

/** "2026-11-24T15:04:05.123Z" for a boot clock time. */
export const isoTime = (at: bigint, offset: WallOffset): string =>
  new Date(Math.max(-LAST_DATE, Math.min(LAST_DATE, Number((at + offset) / 1_000_000n)))).toISOString();

/** "15:04:05.123" of it. */
export const timeOfDay = (at: bigint, offset: WallOffset): string => isoTime(at, offset).slice(11, 23);

/** A Date goes no further (ECMAScript, Time Values); a damaged recording may claim any time. Ms. */
const LAST_DATE = 8.64e15;

/** ISO 8601, as bytes, of a boot clock time, ns; undefined where that takes more than plain numbers. */
export type WallTime = (at: number) => DataView | undefined;

/**
 * `isoTime` for many times one after the other: those of the same millisecond are the same text. `offset`: time of day
 * minus boot clock, ns.
 */
export const wallTime = (offset: bigint): WallTime => {
  const offsetMs = Number(offset / MILLI);
  const offsetNs = Number(offset % MILLI);
  let newest = Number.NaN;
  let view: DataView | undefined;
  return (at) => {
    // Exact up to 2^53 ns of uptime, 104 days, and for times of day after 1970.
    if (at > Number.MAX_SAFE_INTEGER || offset < 0n) return undefined;
    const rest = at % 1e6;
    const ms = (at - rest) / 1e6 + offsetMs + (rest + offsetNs >= 1e6 ? 1 : 0);
    if (ms !== newest) {
      newest = ms;
      view = new DataView(new Uint8Array(Buffer.from(new Date(ms).toISOString(), 'latin1')).buffer);
    }
    return view;
  };
};

const MILLI = 1_000_000n;
