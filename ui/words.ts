import type { AddressSpace, ProcessState } from '../src/model/state.js';
import type { Finding, Severity, Verdict } from '../src/model/verdict.js';
import { hexRange } from '../src/text/hex.js';
import type { Style } from './theme.js';

/** A word of the screen. The style repeats what the word says. */
export interface Word {
  readonly text: string;
  readonly style?: Style | undefined;
}

const UNKNOWN: Word = { text: '?', style: 'dim' };

/**
 * The state column. Only words for what the verdict says; nothing is concluded here. A question mark after the word:
 * likely, not proven. A tilde: something newer has been seen, a fresh look is under way.
 */
export const stateWord = (process: ProcessState, space: AddressSpace | undefined): Word => {
  if (process.exitedAt !== undefined) return { text: 'exited', style: 'dim' };
  if (process.unreadable !== undefined) return { text: 'unreadable', style: 'dim' };
  const verdict = space?.verdict;
  if (verdict === undefined) return { text: 'reading', style: 'dim' };
  if (!verdict.applicable) return { text: 'n/a', style: 'dim' };
  const doubt = verdict.confidence === 'likely' ? '?' : '';
  const stale = space?.dirty === true ? '~' : '';
  return { text: `${placeWord(verdict)}${doubt}${stale}`, style: severityStyle(worst(verdict.findings)?.severity) };
};

const placeWord = ({ vdso, findings }: Verdict): string => {
  if (vdso === undefined) return 'unknown';
  if (vdso === null) return findings.some(({ code }) => code === 'vdso-unmapped') ? 'unmapped' : 'none';
  // Not known whether it moved: it is there, and that is all this word says.
  return vdso.moved === undefined ? 'present' : vdso.moved ? 'moved' : 'native';
};

export const hintWord = (verdict: Verdict | undefined): Word => {
  if (verdict?.hint === undefined) return UNKNOWN;
  if (verdict.hint === 'ok' || verdict.hint === 'none') return { text: verdict.hint };
  return { text: verdict.hint, style: 'warning' };
};

export const vvarWord = (verdict: Verdict | undefined): Word => {
  if (verdict?.vdso === null) return { text: '-', style: 'dim' };
  const attached = verdict?.vdso?.vvarAttached;
  if (attached === undefined) return UNKNOWN;
  return attached ? { text: 'yes' } : { text: 'no', style: 'warning' };
};

export const pagesWord = (verdict: Verdict | undefined): Word => {
  if (verdict?.vdso === null) return { text: '-', style: 'dim' };
  const modified = verdict?.vdso?.modifiedPages;
  if (modified === undefined) return UNKNOWN;
  return modified.length === 0 ? { text: 'clean' } : { text: `${modified.length} copied`, style: 'warning' };
};

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
