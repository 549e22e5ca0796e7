import type { AddressSpace, ProcessState } from '../src/model/state.js';
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
  /** What the filter searches, in lower case. */
  readonly haystack: string;
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
  const codes = findings.map(({ code }) => code);
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
    last: space?.history.filter((happening) => !isEverydayLife(happening)).at(-1)?.at,
    finding: findingWord(first?.code, findings.length, severityStyle(first?.severity), process.unreadable),
    rank: rankOf(first?.severity) || (process.exitedAt !== undefined ? -2 : verdict?.applicable === false ? -1 : 0),
    errors: findings.filter(({ severity }) => severity === 'error').length,
    warnings: findings.filter(({ severity }) => severity === 'warning').length,
    exited: process.exitedAt !== undefined,
    shared: process.exitedAt === undefined && (space?.sharers ?? 1) > 1,
    haystack: [process.pid, comm, abi, state.text, hint.text, vdso, ...codes].join(' ').toLowerCase(),
  };
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
