import { type BootClock, wallOffset } from '../proc/clock.js';

/** One moment on both clocks. */
export interface Stamp {
  /** Boot clock, ns. */
  readonly at: bigint;
  /** Time of day, Unix, ns; undefined: whoever read it had none. */
  readonly time: bigint | undefined;
}

/** Between the two a bundle was read. */
export interface Taken {
  readonly from: Stamp;
  readonly until: Stamp;
}

/** The moment as bundle.json writes it: "uptime" as the first number of /proc/uptime, which a shell can read. */
export interface StampJson {
  readonly uptime: string;
  readonly time?: string;
}

const NS_PER_SECOND = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** By this clock; the time of day is to the millisecond, ISO 8601, UTC. */
export const stampNow = (clock: Pick<BootClock, 'now'>): StampJson => {
  const at = clock.now();
  const time = new Date(Number((at + wallOffset(clock)) / NS_PER_MS)).toISOString();
  return { uptime: `${at / NS_PER_SECOND}.${(at % NS_PER_SECOND).toString().padStart(9, '0')}`, time };
};

/** Undefined: it does not say, as those of older versions, or not in a way that can be believed. */
export const parseTaken = (value: unknown): Taken | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const { from, until }: { from?: unknown; until?: unknown } = value;
  const [first, last] = [parseStamp(from), parseStamp(until)];
  return first === undefined || last === undefined || last.at < first.at ? undefined : { from: first, until: last };
};

const parseStamp = (value: unknown): Stamp | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const { uptime, time }: { uptime?: unknown; time?: unknown } = value;
  const [, seconds, fraction = ''] = (typeof uptime === 'string' && UPTIME.exec(uptime)) || [];
  if (seconds === undefined) return undefined;
  const at = BigInt(seconds) * NS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
  const day = typeof time === 'string' && TIME.test(time) ? Date.parse(time) : Number.NaN;
  return { at, time: Number.isNaN(day) ? undefined : BigInt(day) * NS_PER_MS };
};

const UPTIME = /^(\d{1,12})(?:\.(\d{1,9}))?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
