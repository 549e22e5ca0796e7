import { type AddressSpace, isEverydayLife, type ProcessState } from '../src/model/state.js';
import type { Finding, Severity } from '../src/model/verdict.js';
import { printable } from '../src/text/escape.js';
import { hintWord, rankOf, severityStyle, stateWord, type Word, worst } from './words.js';

/**
 * One process as the table shows it: another one when the process or its address space has become another object.
 * What its columns say is made when it is looked at: forty rows are on the screen, and ten thousand are not.
 */
export interface Row {
  readonly process: ProcessState;
  readonly space: AddressSpace | undefined;
  /**
   * Boot clock, ns, of the last thing that happened to its address space, forks and the like apart; of when the row
   * was made, because a history grows in place, and what rows are sorted by must not.
   */
  readonly last: bigint | undefined;
}

export const rowOf = (process: ProcessState, space: AddressSpace | undefined): Row => ({
  process,
  space,
  last: lastTouch(space),
});

const lastTouch = (space: AddressSpace | undefined): bigint | undefined => {
  const history = space?.history ?? [];
  for (let index = history.length - 1; index >= 0; index -= 1) {
    const happening = history[index];
    if (happening !== undefined && !isEverydayLife(happening)) return happening.at;
  }
  return undefined;
};

export const commOf = ({ process }: Row): string => printable(process.comm);

export const abiOf = ({ space }: Row): string => space?.verdict?.abi ?? '?';

export const addressOf = ({ space }: Row): bigint | undefined => space?.verdict?.vdso?.start;

export const addressText = (row: Row): string => {
  const address = addressOf(row);
  if (address !== undefined) return address.toString(16);
  const verdict = row.space?.verdict;
  return verdict?.vdso === null || verdict?.applicable === false ? '-' : '?';
};

export const movesOf = ({ space }: Row): number => space?.moves ?? 0;

export const hasExited = ({ process }: Row): boolean => process.exitedAt !== undefined;

/** Other processes live in the same address space. */
export const isShared = (row: Row): boolean => !hasExited(row) && (row.space?.sharers ?? 1) > 1;

const findingsOf = ({ space }: Row): readonly Finding[] => space?.verdict?.findings ?? NONE;

const NONE: readonly Finding[] = [];

/** Severity of the worst finding: 3 an error, 0 none. Below: no question (kernel threads), exited well. */
export const severityRank = (row: Row): number =>
  rankOf(worst(findingsOf(row))?.severity) || (hasExited(row) ? -2 : row.space?.verdict?.applicable === false ? -1 : 0);

export const countOf = (row: Row, wanted: Severity): number => {
  let count = 0;
  for (const { severity } of findingsOf(row)) if (severity === wanted) count += 1;
  return count;
};

export const findingWord = (row: Row): Word => {
  const findings = findingsOf(row);
  const first = worst(findings);
  if (first !== undefined) {
    const more = findings.length > 1 ? ` +${findings.length - 1}` : '';
    return { text: `${first.code}${more}`, style: severityStyle(first.severity) };
  }
  const { unreadable } = row.process;
  return unreadable === undefined ? { text: '' } : { text: unreadable, style: 'dim' };
};

/** What the filter searches, in lower case. */
export const haystackOf = (row: Row): string => {
  const { process, space } = row;
  const state = stateWord(process, space).text;
  const codes = findingsOf(row).map(({ code }) => code);
  return [process.pid, commOf(row), abiOf(row), state, hintWord(space?.verdict).text, addressText(row), ...codes]
    .join(' ')
    .toLowerCase();
};
