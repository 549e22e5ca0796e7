import type { Confidence, MappingClass } from '../model/verdict.js';
import type { Traits } from './traits.js';

/** What one mapping is, so far; `class` undefined: it may be the vDSO or not. */
export interface Opinion {
  readonly traits: Traits;
  readonly class: MappingClass | undefined;
  readonly confidence: Confidence;
  readonly evidence: readonly string[];
}

export const opinion = (
  traits: Traits,
  mappingClass: MappingClass | undefined,
  confidence: Confidence,
  evidence: readonly string[],
): Opinion => ({ traits, class: mappingClass, confidence, evidence });
