import type { Finding, Severity } from '../model/verdict.js';
import type { FindingCode } from './finding-codes/code.js';
import { POST_MORTEM_FINDING_CODES } from './finding-codes/post-mortem.js';
import { PROCESS_FINDING_CODES } from './finding-codes/process.js';

/** Every code there is; the README's table is made of this list. */
export const FINDING_CODES = {
  ...PROCESS_FINDING_CODES,
  ...POST_MORTEM_FINDING_CODES,
} as const satisfies Record<string, FindingCode>;

export type FindingCodeName = keyof typeof FINDING_CODES;

/** A finding may be read from a file, by a later version. */
export const isFindingCode = (name: string): name is FindingCodeName => Object.hasOwn(FINDING_CODES, name);

/** What to do about a finding. */
export const whatToDo = (name: FindingCodeName): string => FINDING_CODES[name].todo;

export interface FindingFacts {
  readonly mapping?: bigint | undefined;
  readonly text: string;
  readonly evidence?: readonly string[];
  readonly criuMessage?: string | undefined;
  /** Where this case is better or worse than usual. */
  readonly severity?: Severity;
}

/** Its severity is that of the code unless the facts give another. */
export const finding = (name: FindingCodeName, facts: FindingFacts): Finding => ({
  code: name,
  severity: facts.severity ?? FINDING_CODES[name].severity,
  mapping: facts.mapping,
  text: facts.text,
  evidence: facts.evidence ?? [],
  criuMessage: facts.criuMessage,
});
