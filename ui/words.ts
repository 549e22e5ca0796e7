import {
  dumpWord as forecastDump,
  hintWord as verdictHint,
  pagesWord as verdictPages,
  vvarWord as verdictVvar,
  stateWord as verdictWord,
} from '../src/judge/words.js';
import type { AddressSpace, ProcessState } from '../src/model/state.js';
import type { Finding, Forecast, Severity, Verdict } from '../src/model/verdict.js';
import { hexRange } from '../src/text/hex.js';
import type { Style } from './theme.js';

/** A word of the screen. The style repeats what the word says. */
export interface Word {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** The same few words stand in ten thousand rows: each is made once. */
const word = (text: string, style?: Style): Word => {
  const known = KNOWN.get(style);
  const found = known?.get(text);
  if (found !== undefined) return found;
  const made: Word = { text, style };
  // Bounded: page lists ("copied 0,1,...") may be many.
  if (known === undefined || known.size > 500) KNOWN.set(style, new Map([[text, made]]));
  else known.set(text, made);
  return made;
};

const KNOWN = new Map<Style | undefined, Map<string, Word>>();

/**
 * The state column: the judge's word for the verdict, or why there is no verdict. A question mark after the word:
 * likely, not proven. A tilde: something newer has been seen, a fresh look is under way.
 */
export const stateWord = (process: ProcessState, space: AddressSpace | undefined): Word => {
  if (process.exitedAt !== undefined) return word('exited', 'dim');
  if (process.unreadable !== undefined) return word('unreadable', 'dim');
  const verdict = space?.verdict;
  if (verdict === undefined) return word('reading', 'dim');
  const place = verdictWord(verdict);
  if (!verdict.applicable) return word(place, 'dim');
  const doubt = verdict.confidence === 'likely' && !place.endsWith('?') ? '?' : '';
  const stale = space?.dirty === true ? '~' : '';
  return word(`${place}${doubt}${stale}`, severityStyle(worst(verdict.findings)?.severity));
};

export const hintWord = (verdict: Verdict | undefined): Word => {
  const text = verdictHint(verdict);
  const style = QUIET.has(text) ? 'dim' : verdict?.hint === 'ok' || verdict?.hint === 'none' ? undefined : 'warning';
  return word(text, style);
};

export const vvarWord = (verdict: Verdict | undefined): Word => {
  const text = verdictVvar(verdict);
  const style = QUIET.has(text) ? 'dim' : verdict?.vdso?.vvarAttached === false ? 'warning' : undefined;
  return word(text, style);
};

export const pagesWord = (verdict: Verdict | undefined): Word => {
  const text = verdictPages(verdict);
  const copied = (verdict?.vdso?.modifiedPages ?? []).length > 0;
  return word(text, QUIET.has(text) ? 'dim' : copied ? 'warning' : undefined);
};

/** Nothing where it was not asked for. */
export const dumpWord = (forecast: Forecast | undefined): Word => {
  if (forecast === undefined) return word('');
  return word(forecastDump(forecast), severityStyle(worst(forecast.findings)?.severity));
};

/** Nothing known, or nothing to know. */
const QUIET = new Set(['?', '-']);

export const sealedWord = (sealed: boolean | undefined): string =>
  sealed === undefined ? 'seal unknown' : sealed ? 'sealed' : 'not sealed';

/** "7ffe1a3f2000-7ffe1a3f4000", as /proc/PID/maps prints it, so that it can be searched there. */
export const rangeWord = (start: bigint, end: bigint): string => hexRange(start, end);

const RANK: Record<Severity, number> = { info: 1, warning: 2, error: 3 };

/** 0: no finding, 3: an error. */
export const rankOf = (severity: Severity | undefined): number => (severity === undefined ? 0 : RANK[severity]);

/** The finding that the table shows: the most severe, the first of them as the judge ordered them. */
export const worst = (findings: readonly Finding[]): Finding | undefined =>
  findings.reduce<Finding | undefined>(
    (most, finding) => (rankOf(finding.severity) > rankOf(most?.severity) ? finding : most),
    undefined,
  );

export const severityStyle = (severity: Severity | undefined): Style | undefined =>
  severity === 'error' ? 'error' : severity === 'warning' ? 'warning' : severity === 'info' ? 'accent' : undefined;

/** Two cells in front of a finding or an event, readable without colour. */
export const severityMark = (severity: Severity): Word =>
  severity === 'error'
    ? { text: '!!', style: 'error' }
    : severity === 'warning'
      ? { text: ' !', style: 'warning' }
      : { text: '  ' };

/** How long ago, in at most four cells: "now", "12s", "59m", "23h", "99d". `now` and `at` on the same clock, ns. */
export const ageWord = (at: bigint | undefined, now: bigint): string => {
  if (at === undefined) return '-';
  const seconds = Number((now - at) / 1_000_000_000n);
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.min(999, Math.floor(seconds / 86_400))}d`;
};

/** Boot clock as dmesg prints it: "12345.678". */
export const clockWord = (at: bigint): string => {
  const milliseconds = at / 1_000_000n;
  return `${milliseconds / 1000n}.${(milliseconds % 1000n).toString().padStart(3, '0')}`;
};

/** 1234567 -> "1,234,567". */
export const countWord = (count: number | bigint): string => count.toString().replace(/\B(?=(\d{3})+$)/g, ',');

/** Bytes as "8K", "1.5M", "93.8T". */
export const sizeWord = (bytes: bigint): string => {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)}${UNITS[unit] ?? ''}`;
};

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P', 'E'];

/** 1 process, 2 processes. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countWord(count)} ${count === 1 ? one : many}`;
