import { DT, linkBase, readDynamic, readSymbols } from './dynamic.js';
import { type ElfHeader, imageName, parseElfHeader } from './header.js';
import { readNotes } from './notes.js';
import { asOffset, elfReader } from './reader.js';
import { PT_LOAD, readSegments } from './segments.js';

/** What the bytes at the start of a mapping say about being a vDSO image. */
export interface ElfImage {
  readonly header: ElfHeader;
  /** "x86_64", "i386", ...; undefined for a machine without a vDSO. */
  readonly image: string | undefined;
  /** Undefined when the bytes end before it. */
  readonly soname: string | undefined;
  readonly symbols: ReadonlyMap<string, number>;
  readonly buildId: string | undefined;
  readonly linuxVersion: string | undefined;
  /** Bytes the loaded program needs, from the start; undefined when the program headers are cut off. */
  readonly programSize: number | undefined;
}

/** Undefined when the bytes do not begin with an ELF header. Works on as little as 64 bytes; says less then. */
export const readElfImage = (bytes: Uint8Array): ElfImage | undefined => {
  const header = parseElfHeader(bytes);
  if (header === undefined) return undefined;
  const reader = elfReader(bytes, header.littleEndian, header.bits);
  const segments = readSegments(header, reader);
  const dynamic = readDynamic(header, reader, segments);
  const base = linkBase(segments);
  const strings = asOffset((dynamic.get(DT.strtab) ?? -1n) - base);
  const soname = asOffset(dynamic.get(DT.soname));
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  return {
    header,
    image: imageName(header),
    soname: strings === undefined || soname === undefined ? undefined : reader.text(strings + soname, 64),
    symbols: readSymbols(header, reader, dynamic, base),
    ...readNotes(reader, segments),
    programSize:
      loads.length === 0 ? undefined : Math.max(...loads.map(({ offset, memorySize }) => offset + memorySize)),
  };
};

/**
 * Pages that the kernel maps for such an image: those of the whole file, which its table of sections ends (mapping_size
 * in go(), arch/x86/entry/vdso/vdso2c.h; elsewhere the file is included as it is). That may lie a page behind the program:
 * in 5.10 on x86_64 it ends at 4280. Undefined: the bytes do not say, or say what no vDSO has.
 */
export const mappedPages = ({ header, programSize = 0 }: ElfImage, pageSize: number): number | undefined => {
  const { offset, size, count } = header.sectionHeaders;
  const end = Math.max(programSize, count > 0 ? offset + size * count : 0);
  return end === 0 || end > LARGEST_VDSO ? undefined : Math.ceil(end / pageSize);
};

const ET_DYN = 3;

/**
 * Does an ELF look like a vDSO image? "yes": its soname is one that kernels give theirs (linux-vdso.so.1,
 * linux-vdso64.so.1, linux-gate.so.1 for i386 and ia64); "maybe": the bytes end too early to tell; "no": it is
 * something else. Content never proves that a mapping is the kernel's: any process can copy the bytes.
 */
export const looksLikeVdso = (image: ElfImage): 'yes' | 'maybe' | 'no' => {
  if (image.header.type !== ET_DYN || image.image === undefined) return 'no';
  if (image.soname !== undefined) return VDSO_SONAME.test(image.soname) ? 'yes' : 'no';
  return image.programSize === undefined || image.symbols.size === 0 ? 'maybe' : 'no';
};

const VDSO_SONAME = /^linux-(vdso|vdso32|vdso64|gate)\.so\.1$/;

/** In bytes, on any machine: ppc64le has the largest, 13 pages of 4 KiB. */
export const LARGEST_VDSO = 0x10000n;
