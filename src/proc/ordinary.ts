import { AT_ENTRY, AT_PAGESZ, AT_PHDR, AT_RANDOM, AT_SYSINFO, AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import { isVdsoNamed, isVvarNamed, type Vma } from '../model/vma.js';
import { parseMapsLine } from './parse/maps.js';

/**
 * Nearly every process of a machine has its vDSO where exec put it, its data pages in front of it and nothing else
 * that concerns us. For these the census parses three lines instead of fifty. This decides no verdict: it only says
 * which lines a verdict could depend on. At the least doubt it says undefined, and all lines are read, and more
 * than once.
 */

/**
 * The lines of the block ([vvar], [vvar_vclock], [vdso], each beginning where the one before ends) from the bytes of
 * maps, when they are the only lines that bear such names. Undefined: out of the ordinary, in any way.
 */
export const ordinaryBlock = (maps: Buffer): readonly Vma[] | undefined => {
  let first = -1;
  let vdso = -1;
  let brackets = 0;
  for (let at = maps.indexOf(OPEN); at >= 0; at = maps.indexOf(OPEN, at + 1)) {
    const one = maps[at + 1];
    const two = maps[at + 2];
    // An [uprobes] area is left in a process by a tracer and concerns CRIU.
    if (one === LETTER_U || brackets++ > MOST_BRACKETS) return undefined;
    if (one !== LETTER_V || (two !== LETTER_V && two !== LETTER_D)) continue;
    if (vdso >= 0) return undefined;
    if (two === LETTER_D) vdso = at;
    else if (first < 0) first = at;
  }
  if (first < 0 || vdso < 0) return undefined;
  const from = maps.lastIndexOf(NEWLINE, first) + 1;
  const end = maps.indexOf(NEWLINE, vdso) + 1;
  return end - from > LONGEST_BLOCK ? undefined : parseBlock(maps.toString('latin1', from, end));
};

const OPEN = 0x5b;
const NEWLINE = 0x0a;
const LETTER_D = 0x64;
const LETTER_U = 0x75;
const LETTER_V = 0x76;
/** [heap], [stack] and the like; more are in the names of files. */
const MOST_BRACKETS = 64;
/** Three lines of at most 90 characters; the names of ordinary files are longer than the rest of a line. */
const LONGEST_BLOCK = 300;

const parseBlock = (text: string): readonly Vma[] | undefined => {
  const block: Vma[] = [];
  let last: Vma | undefined;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const vma = parseKnownLine(text, from, newline, last);
    if (vma === undefined || (last !== undefined && last.end !== vma.start)) return undefined;
    from = newline + 1;
    if (from < text.length ? !isVvarNamed(vma) : !isVdsoNamed(vma)) return undefined;
    if (vma.write || vma.shared || !vma.read) return undefined;
    block.push(vma);
    last = vma;
  }
  // A copy has room for these alone; what was pushed to has it for 17.
  return last?.execute === true ? block.slice() : undefined;
};

/**
 * A line of maps. Behind the addresses these lines are the same in every process: that part is parsed once and then
 * compared, and its strings are shared (0.4 us instead of 1.2, and no text of a whole block kept alive by a name that is
 * a slice of it).
 */
const parseKnownLine = (text: string, from: number, to: number, before: Vma | undefined): Vma | undefined => {
  const dash = text.indexOf('-', from);
  const blank = text.indexOf(' ', dash);
  const rest = text.slice(blank, to);
  const known = knownLine(rest);
  if (known === undefined) {
    const vma = parseMapsLine(text, from, to);
    if (vma !== undefined && KNOWN_LINES.length < MOST_KNOWN_LINES) KNOWN_LINES.push({ rest, vma });
    return vma;
  }
  const start = address(text, from, dash);
  const end = address(text, dash + 1, blank);
  if (start === undefined || end === undefined || end <= start) return undefined;
  return {
    // Where the one before ends: one number for both, of ten thousand processes.
    start: before !== undefined && Number(before.end) === start ? before.end : BigInt(start),
    end: BigInt(end),
    read: known.read,
    write: known.write,
    execute: known.execute,
    shared: known.shared,
    offset: known.offset,
    device: known.device,
    inode: known.inode,
    name: known.name,
  };
};

/** A handful on any machine: compared one by one, which needs no hash of the text (0.2 us of a block). */
const knownLine = (rest: string): Vma | undefined => {
  for (const known of KNOWN_LINES) if (known.rest === rest) return known.vma;
  return undefined;
};

const KNOWN_LINES: { readonly rest: string; readonly vma: Vma }[] = [];
const MOST_KNOWN_LINES = 16;

/** Lower-case hexadecimal that is exact as a number: 13 digits, 52 bits. */
const address = (text: string, from: number, to: number): number | undefined => {
  if (to <= from || to - from > 13) return undefined;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    const digit = code >= 0x61 && code <= 0x66 ? code - 0x57 : code - 0x30;
    if (digit < 0 || digit > 15 || (digit > 9 && code < 0x61)) return undefined;
    value = value * 16 + digit;
  }
  return value;
};

/**
 * The entries of a little-endian auxv that tell where the vDSO was put and which program image it is (another
 * AT_ENTRY, AT_PHDR or AT_RANDOM is another exec). Undefined when the bytes are not plainly such a vector: types are
 * small, so the upper half of a 64-bit type is zero, and that of a 32-bit value in the same place is not. `vdso`: where
 * maps has it, a number that is there already.
 */
export const ordinaryAuxv = (bytes: Buffer, vdso?: bigint): Auxv | undefined => {
  if (bytes.length < 32 || bytes.length > LONGEST_AUXV || bytes.length % 8 !== 0) return undefined;
  // Of the 0.9 us of a vector read by readUInt32LE, this and no Set of the kept types leave 0.5.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = view.getUint32(4, true) === 0 && view.getUint32(20, true) === 0;
  const step = wide ? 16 : 8;
  const entries = new Map<number, bigint>();
  for (let at = 0; at + step <= bytes.length; at += step) {
    const type = view.getUint32(at, true);
    if (type > LARGEST_TYPE || (wide && view.getUint32(at + 4, true) !== 0)) return undefined;
    if (type === AT_NULL) break;
    if (!isKept(type)) continue;
    const high = wide ? view.getUint32(at + 12, true) : 0;
    // Exact as a number up to 2^53; a higher address is left to the parser that takes its time.
    if (high >= 0x200000) return undefined;
    const value = BigInt(high * 0x1_0000_0000 + view.getUint32(at + step / 2, true));
    entries.set(type, value === vdso ? vdso : value);
  }
  return { wordSize: wide ? 8 : 4, littleEndian: true, entries };
};

const AT_NULL = 0;
const isKept = (type: number): boolean => {
  switch (type) {
    case AT_PHDR:
    case AT_PAGESZ:
    case AT_ENTRY:
    case AT_RANDOM:
    case AT_SYSINFO:
    case AT_SYSINFO_EHDR:
      return true;
    default:
      return false;
  }
};
const LONGEST_AUXV = 4096;
const LARGEST_TYPE = 1023;

/**
 * Whether no page differs from what exec mapped: each is the kernel's (bit 63 present, bit 61 not anonymous, bit 62
 * not swapped) or was not touched yet.
 */
export const untouchedPages = (words: BigUint64Array): boolean => {
  for (const word of words) {
    const top = Number(word >> 61n);
    if (top !== KERNELS && top !== NOT_THERE) return false;
  }
  return true;
};

const KERNELS = 0b101;
const NOT_THERE = 0;
