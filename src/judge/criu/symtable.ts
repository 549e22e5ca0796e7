import { DT } from '../../elf/dynamic.js';
import { asOffset, type ElfReader, elfReader } from '../../elf/reader.js';
import { PT_DYNAMIC, PT_LOAD } from '../../elf/segments.js';
import { type CriuVersion, criuAtLeast } from './version.js';

/**
 * Would CRIU's vdso_fill_symtable (criu/pie/util-vdso.c, the same rules from 1.8 to 4.2) take these bytes for a vDSO?
 * Any ELF of the right class with one PT_LOAD, one PT_DYNAMIC, a string table, symbol table and hash passes; no symbol
 * needs to match, and what it does not need may be anything. "unknown" when the bytes are cut before the answer. `line`
 * is what CRIU prints when it refuses.
 */
export const symtableCheck = (
  bytes: Uint8Array,
  size: number,
  bits: 32 | 64,
  version?: CriuVersion,
): { readonly passes: boolean | 'unknown'; readonly line: string | undefined } => {
  // 4.2 does not start there (its pull request 3059 mends that), so nothing is known of what it would restore.
  if (isS390(bytes) && (version === undefined || criuAtLeast(version, 4, 2)))
    return { passes: 'unknown', line: undefined };
  const tables = readTables(bytes, size, bits, version);
  if (tables === 'unknown') return { passes: 'unknown', line: undefined };
  return typeof tables === 'string' ? { passes: false, line: tables } : { passes: true, line: undefined };
};

/** What CRIU goes by in an image: offsets of its tables, from the start of the bytes. */
interface Tables {
  readonly reader: ElfReader;
  readonly wide: boolean;
  readonly symbols: number;
  readonly strings: number;
  /** DT_HASH, or where there is none DT_GNU_HASH. */
  readonly hash: number;
  readonly isGnu: boolean;
  /** Words of 64 bits in DT_HASH: s390x has such, read from its vDSO of 6.1, 6.12 and 7.2. */
  readonly hasWideHash: boolean;
}

/** Or the line CRIU refuses with; "unknown" when the bytes are cut before that is clear. */
const readTables = (
  bytes: Uint8Array,
  size: number,
  bits: 32 | 64,
  version: CriuVersion | undefined,
): Tables | string => {
  const bigEndian = isS390(bytes);
  const refused = refusedIdentity(bytes, bits, version);
  if (refused !== undefined) return refused === 'unknown' ? refused : identityLine(refused, version);
  const cut = bytes.length < size;
  const wide = bits === 64;
  const reader = elfReader(bytes, !bigEndian, bits);
  const word = (at: number): bigint => reader.word(at) ?? 0n;
  const headers = Number(word(wide ? 32 : 28));
  const count = reader.u16(wide ? 56 : 44) ?? 0;
  const step = wide ? 56 : 32;
  if (headers >= size || headers + count * step > size) return 'Corrupted Elf phdr';
  if (headers + count * step > bytes.length) return 'unknown';
  const all = Array.from({ length: count }, (_, index) => headers + index * step);
  const [load, secondLoad] = all.filter((at) => reader.u32(at) === PT_LOAD);
  const [dynamic, secondDynamic] = all.filter((at) => reader.u32(at) === PT_DYNAMIC);
  if (secondDynamic !== undefined) return 'Second PT_DYNAMIC header';
  if (secondLoad !== undefined) return 'Second PT_LOAD header';
  if (load === undefined || dynamic === undefined) return 'One of obligated program headers is missed';

  const tags = new Map<bigint, bigint>();
  const from = Number(word(dynamic + (wide ? 8 : 4)));
  const entries = Math.floor(Number(word(dynamic + (wide ? 32 : 16))) / (wide ? 16 : 8));
  if (from >= size) return 'Corrupted Elf dynamic section';
  for (let index = 0; index < entries; index += 1) {
    const at = from + index * (wide ? 16 : 8);
    if (at + (wide ? 16 : 8) > size) return 'Corrupted Elf dynamic section';
    if (at + (wide ? 16 : 8) > bytes.length) return cut ? 'unknown' : 'Corrupted Elf dynamic section';
    const tag = word(at);
    if (tag === 0n) break;
    tags.set(tag, word(at + (wide ? 8 : 4)));
  }
  const has = (tag: number): boolean => tags.has(BigInt(tag));
  if (![DT.strtab, DT.symtab, DT.strsz, DT.syment].every(has) || !(has(DT.hash) || has(DT.gnuHash)))
    return 'Not all dynamic entries are present';
  const base = word(load + (wide ? 16 : 8));
  const offset = (tag: number): number => Number(BigInt.asUintN(bits, (tags.get(BigInt(tag)) ?? 0n) - base));
  const hash = has(DT.hash) ? DT.hash : DT.gnuHash;
  if (offset(DT.strtab) >= size || offset(hash) + 4 > size) return 'Corrupted Elf symbols/hash';
  return {
    reader,
    wide,
    symbols: offset(DT.symtab),
    strings: offset(DT.strtab),
    hash: offset(hash),
    isGnu: !has(DT.hash),
    hasWideHash: bigEndian && wide,
  };
};

/** The one big-endian machine of CRIU. */
const isS390 = (bytes: Uint8Array): boolean => bytes[5] === 2 && bytes[18] === 0 && bytes[19] === EM_S390;

const EM_S390 = 22;

/** What CRIU prints of an ELF header it refuses: before 4.2 the same, whatever it is. */
export const identityLine = (line: string, version: CriuVersion | undefined): string =>
  version === undefined || criuAtLeast(version, 4, 2) ? line : 'ELF header magic mismatch';

/** has_elf_identity: byte by byte since 4.2, before that one comparison of all sixteen. */
const refusedIdentity = (bytes: Uint8Array, bits: 32 | 64, version: CriuVersion | undefined): string | undefined => {
  if (bytes.length < 4) return 'unknown';
  const magic = [0x7f, 0x45, 0x4c, 0x46].every((byte, index) => bytes[index] === byte);
  if (!magic) return 'Invalid ELF magic';
  if (bytes.length < (bits === 64 ? 64 : 52)) return 'unknown';
  const [elfClass, data, elfVersion, osAbi] = bytes.subarray(4, 8);
  if (elfClass !== (bits === 64 ? 2 : 1)) return `Unsupported ELF class: ${elfClass}`;
  // 4.2 compares with ELFDATA2LSB, on every machine (2d2168fc9); before, with the byte order it was built for.
  if (data !== (isS390(bytes) ? 2 : 1)) return `Unsupported ELF data encoding: ${data}`;
  if (elfVersion !== 1) return `Unsupported ELF version: ${elfVersion}`;
  const old = version !== undefined && !criuAtLeast(version, 4, 2);
  const passes = old ? bytes.subarray(7, 16).every((byte) => byte === 0) : osAbi === 0 || osAbi === 3;
  if (passes) return undefined;
  return `Unsupported OSABI version: ${osAbi}`;
};

/**
 * Where CRIU finds functions in an image (elf_symbol_lookup): through the hash table, so that a written bucket, name or
 * value counts. Undefined for one it does not find, and for a chain that never ends.
 */
export const lookUp = (bytes: Uint8Array, names: readonly string[]): readonly (bigint | undefined)[] => {
  const tables = readTables(bytes, bytes.length, bytes[4] === 1 ? 32 : 64, undefined);
  if (typeof tables === 'string') return names.map(() => undefined);
  const { reader, wide, symbols, strings } = tables;
  const valueFrom = (index: number, name: string): bigint | undefined => {
    const symbol = symbols + index * (wide ? 24 : 16);
    const info = reader.u8(symbol + (wide ? 4 : 12)) ?? 0;
    if ((info & 0xf) !== STT_FUNC && info >> 4 !== STB_GLOBAL) return undefined;
    const found = reader.text(strings + (reader.u32(symbol) ?? Number.NaN), 32) === name;
    return found ? reader.word(symbol + (wide ? 8 : 4)) : undefined;
  };
  return names.map((name) => {
    for (const index of tables.isGnu ? gnuChain(tables, name) : sysvChain(tables, name)) {
      const value = valueFrom(index, name);
      if (value !== undefined) return value === 0n ? undefined : value;
    }
    return undefined;
  });
};

/** Numbers of the symbols that may have that name. */
function* sysvChain({ reader, hash, hasWideHash }: Tables, name: string): Generator<number> {
  const word = (index: number): number =>
    (hasWideHash ? asOffset(reader.u64(hash + 8 * index)) : reader.u32(hash + 4 * index)) ?? 0;
  const [buckets, chains] = [word(0), word(1)];
  let index = word(2 + (sysvHash(name) % buckets));
  for (let turns = 0; index !== 0 && index < chains && turns < chains; turns += 1) {
    yield index;
    index = word(2 + buckets + index);
  }
}

function* gnuChain({ reader, wide, hash }: Tables, name: string): Generator<number> {
  const [buckets, first] = [reader.u32(hash) ?? 0, reader.u32(hash + 4) ?? 0];
  const bloom = reader.u32(hash + 8) ?? 0;
  const from = hash + 16 + bloom * (wide ? 8 : 4);
  const wanted = gnuHash(name);
  let index = reader.u32(from + 4 * (wanted % buckets)) ?? 0;
  for (; index !== 0; index += 1) {
    const value = reader.u32(from + 4 * (buckets + index - first));
    if (value === undefined) return;
    if ((value | 1) === (wanted | 1)) yield index;
    if ((value & 1) === 1) return;
  }
}

/** The first of these functions that CRIU finds elsewhere in one image than in the other; undefined: none. */
export const movedSymbol = (bytes: Uint8Array, other: Uint8Array, names: readonly string[]): string | undefined => {
  const [theirs, ours] = [lookUp(bytes, names), lookUp(other, names)];
  return names.find((_, index) => theirs[index] !== ours[index]);
};

const STT_FUNC = 2;
const STB_GLOBAL = 1;

const sysvHash = (name: string): number => {
  let hash = 0;
  for (const byte of Buffer.from(name, 'latin1')) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & 0x0fffffff;
  }
  return hash;
};

const gnuHash = (name: string): number =>
  Buffer.from(name, 'latin1').reduce((hash, byte) => (Math.imul(hash, 33) + byte) >>> 0, 5381);
