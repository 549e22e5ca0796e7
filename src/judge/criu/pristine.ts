import { alternativeSpans, type Span } from '../../elf/alternatives.js';
import { DT, linkBase, readDynamic } from '../../elf/dynamic.js';
import { type ElfImage, readElfImage } from '../../elf/image.js';
import { type ElfReader, elfReader } from '../../elf/reader.js';
import { PT_NOTE, readSegments } from '../../elf/segments.js';
import { findTrampolines } from '../proxy.js';

/** A vDSO image whose bytes nobody has changed, and where it was read ("this host's own vDSO"). */
export interface Pristine {
  readonly bytes: Uint8Array;
  readonly from: string;
}

/** A dumped vDSO held against a pristine one. */
export interface Comparison {
  /** Offsets whose byte differs; without those that a CRIU proxy or a kernel on another CPU wrote. Empty: unchanged. */
  readonly changed: readonly number[];
  /** By number, from the start of the vDSO. */
  readonly pages: readonly number[];
  readonly from: string;
  readonly pristine: Uint8Array;
  /** The same build; otherwise another build of the same release whose code is the same but for a few bytes. */
  readonly sameBuild: boolean;
}

/** More than this, and another build has other code rather than somebody having written into it. */
const FEW = 512;

/**
 * Compares with the first pristine image that is of the same kernel: by build id, or of the same release where all but
 * its names and a few bytes agree. Undefined: none is known.
 */
export const compareImage = (
  bytes: Uint8Array,
  elf: ElfImage,
  known: readonly Pristine[],
  pageSize: number,
): Comparison | undefined => {
  for (const { bytes: pristine, from } of known) {
    const other = readElfImage(pristine);
    if (
      other === undefined ||
      other.image !== elf.image ||
      other.linuxVersion !== elf.linuxVersion ||
      elf.linuxVersion === undefined
    )
      continue;
    const sameBuild = other.buildId === elf.buildId && elf.buildId !== undefined;
    if (!sameBuild && (pristine.length !== bytes.length || !sameSymbols(elf, other))) continue;
    const jumps = findTrampolines(bytes, elf).map(({ symbol }) => elf.symbols.get(symbol) ?? 0);
    const skipped = jumps.map((start): Span => [start, start + LONGEST_JUMP]);
    skipped.push(...alternativeSpans(other.header, readerOf(pristine, other)));
    if (!sameBuild) skipped.push(...nameSpans(bytes, elf));
    const changed = differences(bytes, pristine).filter(
      (at) => !skipped.some(([start, end]) => at >= start && at < end),
    );
    if (!sameBuild && changed.length > FEW) continue;
    const pages = [...new Set(changed.map((at) => Math.floor(at / pageSize)))];
    return { changed, pages, from, pristine, sameBuild };
  }
  return undefined;
};

/** One of the same image and length: told by its machine alone, because its notes may be what was written. */
export const pristineLike = (
  bytes: Uint8Array,
  image: string | undefined,
  known: readonly Pristine[],
): Uint8Array | undefined => {
  const own = known.find((one) => image !== undefined && readElfImage(one.bytes)?.image === image)?.bytes;
  return own?.length === bytes.length ? own : undefined;
};

/** The trampolines of CRIU are 11 to 26 bytes long. */
const LONGEST_JUMP = 26;

/** Two builds of the same source differ in their notes (build id, salt) and in strings (a path they were built at). */
const nameSpans = (bytes: Uint8Array, elf: ElfImage): readonly Span[] => {
  const { header } = elf;
  const reader = readerOf(bytes, elf);
  const segments = readSegments(header, reader);
  const dynamic = readDynamic(header, reader, segments);
  const strings = Number((dynamic.get(DT.strtab) ?? 0n) - linkBase(segments));
  const notes = segments.filter(({ type }) => type === PT_NOTE);
  return [
    ...notes.map(({ offset, fileSize }): Span => [offset, offset + fileSize]),
    [strings, strings + Number(dynamic.get(DT.strsz) ?? 0n)],
  ];
};

const readerOf = (bytes: Uint8Array, { header }: ElfImage): ElfReader =>
  elfReader(bytes, header.littleEndian, header.bits);

const sameSymbols = (one: ElfImage, other: ElfImage): boolean =>
  one.symbols.size === other.symbols.size && [...one.symbols].every(([name, at]) => other.symbols.get(name) === at);

/** Offsets of the bytes that differ, as far as both go. */
export const differences = (bytes: Uint8Array, pristine: Uint8Array): readonly number[] => {
  const found: number[] = [];
  for (let at = 0; at < Math.min(bytes.length, pristine.length); at += 1)
    if (bytes[at] !== pristine[at]) found.push(at);
  return found;
};
