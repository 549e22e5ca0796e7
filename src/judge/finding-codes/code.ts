import type { Severity } from '../../model/verdict.js';

/** What a finding code means, and what to do about it. */
export interface FindingCode {
  readonly severity: Severity;
  readonly meaning: string;
  readonly todo: string;
}

export const code = (severity: Severity, meaning: string, todo: string): FindingCode => ({ severity, meaning, todo });
