import type { Confidence, MappingClass } from '../model/verdict.js';
import { overlaps } from '../model/vma.js';
import { classifyByAddress } from './classify-by-address.js';
import { classifyByName } from './classify-by-name.js';
import type { Space } from './space.js';
import type { Traits } from './traits.js';

/** What one mapping is, so far; `class` undefined: it may be the vDSO or not. */
export interface Opinion {
  readonly traits: Traits;
  readonly class: MappingClass | undefined;
  readonly confidence: Confidence;
  readonly evidence: readonly string[];
}

/**
 * Which mapping is the vDSO (measured): the kernel's own word, else the name where it is the mapping's own,
 * else the pages, else content and place. One opinion for each mapping that matters, in address order.
 */
export const classify = (space: Space): readonly Opinion[] => {
  const truth = space.context.kernelTruth;
  if (truth !== undefined) {
    return space.traits.map((traits) => {
      const special = truth.find(({ name, start, end }) => name === '[vdso]' && overlaps(traits.vma, start, end));
      return special === undefined
        ? opinion(traits, 'decoy', 'proven', ['kernel: not a special mapping named [vdso]'])
        : opinion(traits, 'genuine', 'proven', ['kernel: the special mapping named [vdso] is here']);
    });
  }
  switch (space.naming.rule) {
    case 'mapping':
      return classifyByName(space);
    case 'both':
    case 'address':
    case 'claim':
    case 'unknown':
      return classifyByAddress(space);
  }
};

export const opinion = (
  traits: Traits,
  mappingClass: MappingClass | undefined,
  confidence: Confidence,
  evidence: readonly string[],
): Opinion => ({ traits, class: mappingClass, confidence, evidence });
