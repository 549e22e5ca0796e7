import { errnoOf } from '../model/errno.js';
import type { CallEvent } from '../model/event.js';
import { type AddressRange, isVdsoNamed, isVvarNamed, overlaps, sizeOf, type Vma } from '../model/vma.js';
import { knownPlace } from './call.js';
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
 * Then it is told here, by what was last read, and by where a call that came since put the vDSO: a call beside that and
 * its data pages is none of our business. A probe that knows the kernel's pointer has filtered by itself.
 */
export const isBystander = (ledger: Ledger, event: CallEvent): boolean => {
  if (event.vdsoBefore !== undefined || event.vdsoAfter !== undefined) return false;
  const ranges = rangesOf(event);
  const { space } = concernedBy(ledger, event);
  const vmas = space?.evidence?.vmas;
  if (ranges === undefined || space === undefined || vmas === undefined || vmas.length === 0) return false;
  const block: AddressRange[] = vmas.filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma));
  const place = knownPlace(space, event.at);
  if (place !== undefined) block.push({ start: place, end: place + vdsoSize(vmas) });
  return !ranges.some(([start, end]) => block.some((range) => overlaps(range, start, end)));
};

/** Bytes; where none was read, of a part that any vDSO has. */
const vdsoSize = (vmas: readonly Vma[]): bigint =>
  vmas.filter(isVdsoNamed).reduce((size, vma) => size + sizeOf(vma), 0n) || 1n;
