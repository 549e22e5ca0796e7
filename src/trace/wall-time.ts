import { isoTime } from '../report/line.js';

/** ISO 8601 for a boot clock time that is given as its decimal digits. */
export type WallTime = (at: string) => string;

/**
 * `isoTime` for many times one after the other: those of the same millisecond are the same text. `offset`: time of day
 * minus boot clock, ns.
 */
export const wallTime = (offset: bigint): WallTime => {
  const offsetMs = Number(offset / MILLI);
  const offsetNs = Number(offset % MILLI);
  let newest = Number.NaN;
  let text = '';
  return (at) => {
    const ns = Number(at);
    // Exact up to 2^53 ns of uptime, 104 days, and for times of day after 1970.
    if (ns > Number.MAX_SAFE_INTEGER || offsetNs < 0) return isoTime(BigInt(at), offset);
    const rest = ns % 1e6;
    const ms = (ns - rest) / 1e6 + offsetMs + (rest + offsetNs >= 1e6 ? 1 : 0);
    if (ms !== newest) {
      newest = ms;
      text = new Date(ms).toISOString();
    }
    return text;
  };
};

const MILLI = 1_000_000n;
