import { DT, linkBase, readDynamic } from '../../elf/dynamic.js';
import { parseElfHeader } from '../../elf/header.js';
import { asOffset, elfReader } from '../../elf/reader.js';
import { PT_DYNAMIC, PT_LOAD, readSegments } from '../../elf/segments.js';

/**
 * Would CRIU's vdso_fill_symtable (criu/pie/util-vdso.c, the same rules from 1.8 to 4.2) take these bytes for a vDSO?
 * Any ELF of the right class with one PT_LOAD, one PT_DYNAMIC, a string table, symbol table and hash passes; no symbol
 * needs to match. "unknown" when the bytes are cut before the answer. `line` is what CRIU prints when it refuses.
 */
export const symtableCheck = (
  bytes: Uint8Array,
  size: number,
  bits: 32 | 64,
): { readonly passes: boolean | 'unknown'; readonly line: string | undefined } => {
  const cut = bytes.length < size;
  if (bytes.length < 4) return { passes: 'unknown', line: undefined };
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    return refuse('Invalid ELF magic');
  const header = parseElfHeader(bytes);
  if (header === undefined) return cut ? UNKNOWN : refuse('Corrupted Elf phdr');
  if (header.bits !== bits) return refuse(`Unsupported ELF class: ${bytes[4] ?? 0}`);
  // CRIU compares with ELFDATA2LSB, on every machine.
  if (!header.littleEndian) return refuse(`Unsupported ELF data encoding: ${bytes[5] ?? 0}`);
  if (header.version !== 1) return refuse(`Unsupported ELF version: ${header.version}`);
  if (header.osAbi !== 0 && header.osAbi !== 3) return refuse(`Unsupported OSABI version: ${header.osAbi}`);
  const reader = elfReader(bytes, true, bits);
  const segments = readSegments(
    { ...header, programHeaders: { ...header.programHeaders, size: bits === 64 ? 56 : 32 } },
    reader,
  );
  if (segments.length < header.programHeaders.count) return cut ? UNKNOWN : refuse('Corrupted Elf phdr');
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const dynamics = segments.filter(({ type }) => type === PT_DYNAMIC);
  if (dynamics.length > 1) return refuse('Second PT_DYNAMIC header');
  if (loads.length > 1) return refuse('Second PT_LOAD header');
  const [dynamic] = dynamics;
  if (loads.length === 0 || dynamic === undefined) return refuse('One of obligated program headers is missed');
  if (dynamic.offset >= size) return refuse('Corrupted Elf dynamic section');
  if (dynamic.offset + dynamic.fileSize > bytes.length && cut) return UNKNOWN;
  const tags = readDynamic(header, reader, segments);
  const needed = [DT.strtab, DT.symtab, DT.strsz, DT.syment];
  if (needed.some((tag) => !tags.has(tag)) || !(tags.has(DT.hash) || tags.has(DT.gnuHash))) {
    return refuse('Not all dynamic entries are present');
  }
  const base = linkBase(segments);
  for (const tag of [DT.strtab, tags.has(DT.hash) ? DT.hash : DT.gnuHash]) {
    const at = asOffset((tags.get(tag) ?? 0n) - base);
    if (at === undefined || at >= size) return refuse('Corrupted Elf symbols/hash');
  }
  return { passes: true, line: undefined };
};

const UNKNOWN = { passes: 'unknown', line: undefined } as const;
const refuse = (line: string) => ({ passes: false, line }) as const;
