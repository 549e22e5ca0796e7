import { overlaps } from '../model/vma.js';
import { classifyByAddress } from './classify-by-address.js';
import { classifyByName } from './classify-by-name.js';
import { type Opinion, opinion } from './opinion.js';
import type { Space } from './space.js';

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
