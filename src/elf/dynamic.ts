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

/** Symbols a vDSO exports: name -> offset from the start of the image. */
export const readSymbols = (
  header: ElfHeader,
  reader: ElfReader,
  dynamic: ReadonlyMap<number, bigint>,
  base: bigint,
): ReadonlyMap<string, number> => {
  const symbols = new Map<string, number>();
  const within = (tag: number): number | undefined => {
    const value = dynamic.get(tag);
    return value === undefined ? undefined : asOffset(value - base);
  };
  const table = within(DT.symtab);
  const strings = within(DT.strtab);
  if (table === undefined || strings === undefined) return symbols;
  const wide = header.bits === 64;
  const size = wide ? 24 : 16;
  const count = Math.min(symbolCount(header, reader, within, table, strings, size), MAX_SYMBOLS);
  for (let index = 1; index < count; index += 1) {
    const at = table + index * size;
    const nameAt = reader.u32(at);
    const value = reader.word(at + (wide ? 8 : 4));
    const section = reader.u16(at + (wide ? 6 : 14));
    if (nameAt === undefined || value === undefined || section === undefined) break;
    const offset = asOffset(value - base);
    const name = reader.text(strings + nameAt, 128);
    // Section 0 is an undefined symbol; SHN_ABS symbols are version names (LINUX_2.6) with value 0.
    if (name === undefined || name === '' || offset === undefined || section === 0 || value === 0n) continue;
    if (!symbols.has(name)) symbols.set(name, offset);
  }
  return symbols;
};

/** The largest vDSO known (powerpc) exports about 30. */
const MAX_SYMBOLS = 512;

const symbolCount = (
  header: ElfHeader,
  reader: ElfReader,
  within: (tag: number) => number | undefined,
  table: number,
  strings: number,
  size: number,
): number => {
  const hash = within(DT.hash);
  if (hash !== undefined) {
    // s390x and alpha have 64-bit hash words (CRIU commit fixing its issue #2590).
    const count = header.machine === 22 && header.bits === 64 ? asOffset(reader.u64(hash + 8)) : reader.u32(hash + 4);
    return count ?? 0;
  }
  // With a GNU hash alone (arm64 since 6.11) the table ends where the strings begin: linkers lay them out so.
  return strings > table ? Math.floor((strings - table) / size) : 0;
};
