import type { ElfHeader } from './header.js';
import { asOffset, type ElfReader } from './reader.js';

/** From an offset, to the one after the last. */
export type Span = readonly [number, number];

/**
 * Code that a kernel patches at boot by what the CPU can do (apply_alternatives): sysenter or syscall in
 * __kernel_vsyscall, rdtscp or lfence and rdtsc, rdpid or lsl. Two machines with the same kernel have other bytes
 * there, and nobody wrote into either. The image keeps the list of the places (arch/x86/entry/vdso/vdso-layout.lds.S);
 * empty where it has none.
 */
export const alternativeSpans = (header: ElfHeader, reader: ElfReader): readonly Span[] => {
  const section = sectionNamed('.altinstructions', header, reader);
  if (section === undefined) return [];
  for (const format of FORMATS) {
    const spans = section.size % format.step === 0 ? spansOf(section, format, reader) : undefined;
    if (spans !== undefined) return spans;
  }
  return [];
};

/** struct alt_instr of x86: 14 bytes since 6.3, 12 in 5.13 to 6.2 and before 4.1 (of arm64: always), 13 in between. */
const FORMATS = [
  { step: 14, length: 12 },
  { step: 12, length: 10 },
  { step: 13, length: 10 },
] as const;

/** Places are relative to the entry itself. Undefined: the entries are not of this format. */
const spansOf = (
  { offset: start, size }: Section,
  { step, length }: (typeof FORMATS)[number],
  { u8, u32 }: ElfReader,
): readonly Span[] | undefined => {
  const spans: Span[] = [];
  for (let at = start; at < start + size; at += step) {
    const [distance, bytes] = [u32(at), u8(at + length)];
    if (distance === undefined || bytes === undefined) return undefined;
    const place = at + (distance | 0);
    // Code lies before the list of its alternatives, and the longest alternative is some ten bytes.
    if (place <= 0 || bytes === 0 || bytes > LONGEST || place + bytes > start) return undefined;
    spans.push([place, place + bytes]);
  }
  return spans;
};

const LONGEST = 64;
const MOST_SECTIONS = 64;

interface Section {
  readonly offset: number;
  readonly size: number;
}

const sectionNamed = (name: string, header: ElfHeader, { u16, u32, word, text }: ElfReader): Section | undefined => {
  const { offset, size, count } = header.sectionHeaders;
  const wide = header.bits === 64;
  const placeOf = (index: number): Section | undefined => {
    const at = offset + index * size;
    const [from, length] = [asOffset(word(at + (wide ? 24 : 16))), asOffset(word(at + (wide ? 32 : 20)))];
    return from === undefined || length === undefined ? undefined : { offset: from, size: length };
  };
  const names = placeOf(u16(wide ? 62 : 50) ?? 0);
  if (names === undefined || size < (wide ? 64 : 40) || count > MOST_SECTIONS) return undefined;
  for (let index = 0; index < count; index += 1)
    if (text(names.offset + (u32(offset + index * size) ?? 0), MOST_SECTIONS) === name) return placeOf(index);
  return undefined;
};
