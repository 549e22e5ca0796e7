import type { Policies, VdsoVerdict } from '../model/verdict.js';
import type { Judgement } from './mappings.js';
import type { Opinion } from './opinion.js';

/** What was found out about one address space: the findings are made of it. */
export interface Found {
  readonly vdso: VdsoVerdict | null | undefined;
  /** The mappings that are the vDSO, side by side. */
  readonly pieces: readonly Judgement[];
  readonly judged: readonly Judgement[];
  readonly undecided: readonly Opinion[];
  readonly policies: Policies;
}
