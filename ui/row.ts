import type { AddressSpace, ProcessState } from '../src/model/state.js';
import type { Finding, Severity } from '../src/model/verdict.js';
import { printable } from '../src/text/escape.js';
import type { Style } from './theme.js';
import {
  hintWord,
  isEverydayLife,
  pagesWord,
  rankOf,
  severityStyle,
  stateWord,
  vvarWord,
  type Word,
  worst,
} from './words.js';

/**
 * One process as the table shows it. Made again only when the process or its address space is another object than
 * last time; everything here is cheap to compare and to print.
 */
export interface Row {
  readonly key: string;
  readonly process: ProcessState;
  readonly space: AddressSpace | undefined;
  readonly pid: number;
  readonly comm: string;
  readonly abi: string;
  readonly state: Word;
  readonly address: bigint | undefined;
  readonly vdso: string;
  readonly hint: Word;
  readonly vvar: Word;
  readonly pages: Word;
  readonly moves: number;
  /** Boot clock, ns, of the last thing that happened to its address space, forks and the like apart. */
  readonly last: bigint | undefined;
  readonly finding: Word;
  /** Severity of the worst finding: 3 an error, 0 none. Below: no question (kernel threads), exited well. */
  readonly rank: number;
  readonly errors: number;
  readonly warnings: number;
  readonly exited: boolean;
  /** Other processes live in the same address space. */
  readonly shared: boolean;
}

export const rowOf = (process: ProcessState, space: AddressSpace | undefined): Row => {
  const verdict = space?.verdict;
  const findings = verdict?.findings ?? [];
  const first = worst(findings);
  const comm = printable(process.comm);
  const abi = verdict?.abi ?? '?';
  const state = stateWord(process, space);
  const hint = hintWord(verdict);
  const address = verdict?.vdso?.start;
  const none = verdict?.vdso === null || verdict?.applicable === false;
  const vdso = address !== undefined ? address.toString(16) : none ? '-' : '?';
  return {
    key: process.key,
    process,
    space,
    pid: process.pid,
    comm,
    abi,
    state,
    address,
    vdso,
    hint,
    vvar: vvarWord(verdict),
    pages: pagesWord(verdict),
    moves: space?.moves ?? 0,
    last: lastTouch(space),
    finding: findingWord(first?.code, findings.length, severityStyle(first?.severity), process.unreadable),
    rank: rankOf(first?.severity) || (process.exitedAt !== undefined ? -2 : verdict?.applicable === false ? -1 : 0),
    errors: countOf(findings, 'error'),
    warnings: countOf(findings, 'warning'),
    exited: process.exitedAt !== undefined,
    shared: process.exitedAt === undefined && (space?.sharers ?? 1) > 1,
  };
};

const countOf = (findings: readonly Finding[], wanted: Severity): number => {
  let count = 0;
  for (const { severity } of findings) if (severity === wanted) count += 1;
  return count;
};

const lastTouch = (space: AddressSpace | undefined): bigint | undefined => {
  const history = space?.history ?? [];
  for (let index = history.length - 1; index >= 0; index -= 1) {
    const happening = history[index];
    if (happening !== undefined && !isEverydayLife(happening)) return happening.at;
  }
  return undefined;
};

/** What the filter searches, in lower case. Only made when there is a filter: ten thousand of them are megabytes. */
export const haystackOf = ({ pid, comm, abi, state, hint, vdso, space }: Row): string => {
  const codes = (space?.verdict?.findings ?? []).map(({ code }) => code);
  return [pid, comm, abi, state.text, hint.text, vdso, ...codes].join(' ').toLowerCase();
};

const findingWord = (
  code: string | undefined,
  count: number,
  style: Style | undefined,
  unreadable: string | undefined,
): Word => {
  if (code !== undefined) return { text: count > 1 ? `${code} +${count - 1}` : code, style };
  return unreadable === undefined ? { text: '' } : { text: unreadable, style: 'dim' };
};
