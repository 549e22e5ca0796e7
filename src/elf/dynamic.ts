import type { ElfHeader } from './header.js';
import { asOffset, type ElfReader } from './reader.js';
import { PT_DYNAMIC, PT_LOAD, type Segment } from './segments.js';

export const DT = { null: 0, hash: 4, strtab: 5, symtab: 6, strsz: 10, syment: 11, soname: 14, gnuHash: 0x6ffffef5 };

/** Tag -> value of the dynamic section; the first of each tag. Addresses are as linked, see `linkBase`. */
export const readDynamic = (
  header: ElfHeader,
  { word }: ElfReader,
  segments: readonly Segment[],
): ReadonlyMap<number, bigint> => {
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const tags = new Map<number, bigint>();
  if (dynamic === undefined) return tags;
  const step = header.bits === 64 ? 16 : 8;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.fileSize; at += step) {
    const tag = asOffset(word(at));
    const value = word(at + step / 2);
    if (tag === undefined || value === undefined || tag === DT.null) break;
    if (!tags.has(tag)) tags.set(tag, value);
  }
  return tags;
};

/**
 * Address the image was linked for: 0 today, 0xffffffffff700000 for x86-64 before 3.16, 0xffffe000 for a COMPAT_VDSO
 * i386. Symbol values and dynamic addresses are relative to it, because a vDSO is never relocated.
 */
export const linkBase = (segments: readonly Segment[]): bigint =>
  segments.find(({ type }) => type === PT_LOAD)?.address ?? 0n;
