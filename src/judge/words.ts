import type { Unread } from '../model/evidence.js';
import type { Finding, Forecast, Verdict } from '../model/verdict.js';
import { escapeText } from '../text/escape.js';
import type { PageSet } from './baseline.js';
import { isFindingCode, whatToDo } from './finding-codes.js';
import { survives } from './well.js';

/**
 * The short words every face shows for a verdict (table, lines, screen). Chosen here, once, so that no face knows a
 * rule. Each is readable without colour.
 */
export const stateWord = (verdict: Verdict | undefined): string => {
  if (verdict === undefined) return 'unknown';
  if (!verdict.applicable) return 'no memory';
  if (verdict.vdso === undefined) return 'unknown';
  if (verdict.vdso === null)
    return verdict.findings.some(({ severity }) => severity !== 'info') ? 'unmapped' : 'no vdso';
  const parts = [
    verdict.mappings.some((mapping) => mapping.class === 'criu-runtime') ? 'proxied' : undefined,
    verdict.vdso.moved === true ? 'moved' : undefined,
    verdict.vdso.vvarAttached === false ? 'detached' : undefined,
    (verdict.vdso.modifiedPages?.length ?? 0) > 0 ? 'modified' : undefined,
    verdict.vdso.sealed === true ? 'sealed' : undefined,
  ].filter((part) => part !== undefined);
  if (parts.length > 0) return parts.join(' ');
  return verdict.vdso.moved === undefined ? 'in place?' : 'native';
};

/** "0,1" for copied pages, "clean", "?" when unknowable, "-" without a vDSO. */
export const pagesWord = (verdict: Verdict | undefined): string => {
  const vdso = verdict?.vdso;
  if (vdso === undefined || vdso === null) return '-';
  if (vdso.modifiedPages === undefined) return '?';
  return vdso.modifiedPages.length === 0 ? 'clean' : `copied ${vdso.modifiedPages.join(',')}`;
};

export const vvarWord = (verdict: Verdict | undefined): string => {
  const vdso = verdict?.vdso;
  if (vdso === undefined || vdso === null) return '-';
  if (vdso.vvarAttached === undefined) return '?';
  return vdso.vvarAttached ? 'attached' : 'detached';
};

export const hintWord = (verdict: Verdict | undefined): string =>
  verdict === undefined || !verdict.applicable ? '-' : (verdict.hint ?? '?');

/** Whose vDSO pages those of a set are. */
export const pageSetWord = ({ kind }: Pick<PageSet, 'kind'>): string => PAGE_SETS[kind];

const PAGE_SETS = { host: "the host's", container: "a container's", lone: "one process's" } as const;
/** What to do about a finding, where that is something and its text does not say it itself. */
export const mendWords = ({ code, severity, text }: Finding): string | undefined => {
  const mend = severity === 'info' || !isFindingCode(code) ? undefined : whatToDo(code);
  return mend === undefined || text.includes(mend) ? undefined : mend;
};

/** "dump ok, restore proxy, lost: memory": what CRIU would do. */
export const forecastWords = ({ dump, restore, loss }: Forecast): string => {
  const restored = restore === null ? 'has no image' : (restore ?? 'unknown');
  const lost = loss === undefined || loss.length === 0 ? '' : `, lost: ${loss.join(', ')}`;
  return `dump ${dump ?? 'unknown'}, restore ${restored}${lost}`;
};

/** The same in a word, for a table: does it live on, and as it was? */
export const dumpWord = (forecast: Forecast): 'ok' | 'proxy' | 'loses' | 'NO' | '?' => {
  const alive = survives(forecast);
  if (alive !== true) return alive === false ? 'NO' : '?';
  if (forecast.loss !== undefined && forecast.loss.length > 0) return 'loses';
  return forecast.restore === 'proxy' ? 'proxy' : 'ok';
};

/** The most severe finding, the first of them in the list; undefined when there is none. */
export const worstFinding = (verdict: Verdict | undefined): Finding | undefined => {
  // Most processes have none.
  if (verdict === undefined || verdict.findings.length === 0) return undefined;
  return SEVERITIES.map((severity) => verdict.findings.find((finding) => finding.severity === severity)).find(
    (finding) => finding !== undefined,
  );
};

const SEVERITIES = ['error', 'warning', 'info'] as const;

/** Null when the maps could be read, else why not, in words. */
export const unreadableText = (evidence: {
  readonly vmas: readonly unknown[] | undefined;
  readonly unread: readonly Unread[];
}): string | null => {
  if (evidence.vmas !== undefined) return null;
  const reason = evidence.unread.find((entry) => entry.what === 'maps') ?? evidence.unread[0];
  return reason === undefined ? 'maps not known' : `${escapeText(reason.what)}: ${WHY[reason.why]}`;
};

const WHY = {
  gone: 'the process ended',
  denied: 'not permitted',
  torn: 'changed while it was read',
  absent: 'not there',
  truncated: 'cut short',
  bad: 'not what a kernel prints',
} as const;
