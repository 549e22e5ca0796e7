import { errnoOf } from '../model/errno.js';
import type { CallEvent } from '../model/event.js';
import { isVdsoNamed, isVvarNamed, overlaps } from '../model/vma.js';
import { concernedBy } from './concerned.js';
import type { Ledger } from './ledger.js';
import { MREMAP_FIXED } from './placement.js';

/** Memory a call is about, as far as its arguments say; undefined: they do not say how much. */
const rangesOf = ({ call, args, result }: CallEvent): readonly (readonly [bigint, bigint])[] | undefined => {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n, fifth = 0n] = args;
  switch (call) {
    case 'mremap': {
      const source = [first, first + second] as const;
      return (fourth & MREMAP_FIXED) === 0n ? [source] : [source, [fifth, fifth + third]];
    }
    case 'munmap':
    case 'mprotect':
    case 'pkey_mprotect':
    case 'mseal':
    case 'madvise':
      return [[first, first + second]];
    case 'mmap': {
      const start = errnoOf(result) === undefined ? result : first;
      return [[start, start + second]];
    }
    default:
      return undefined;
  }
};

/**
 * Probes of a kernel without BTF cannot tell where a vDSO is and report every mremap of everybody (unfiltered.bt).
 * Then it is told here, by what was last read: a call beside the vDSO and its data pages is none of our business. A
 * probe that knows the kernel's pointer has filtered by itself.
 */
export const isBystander = (ledger: Ledger, event: CallEvent): boolean => {
  if (event.vdsoBefore !== undefined || event.vdsoAfter !== undefined) return false;
  const ranges = rangesOf(event);
  const vmas = concernedBy(ledger, event).space?.evidence?.vmas;
  if (ranges === undefined || vmas === undefined || vmas.length === 0) return false;
  const block = vmas.filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma));
  return !ranges.some(([start, end]) => block.some((vma) => overlaps(vma, start, end)));
};
