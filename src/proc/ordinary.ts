import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
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
  const named = maps.indexOf('[vdso]\n', 0, 'latin1');
  if (named < 0 || maps.indexOf('[vdso', named + 1, 'latin1') >= 0) return undefined;
  const firstVvar = maps.indexOf('[vv', 0, 'latin1');
  if (firstVvar < 0 || firstVvar > named || maps.indexOf('[vv', named, 'latin1') >= 0) return undefined;
  // An [uprobes] area is left in a process by a tracer and concerns CRIU (facts: kernel.md 1.8).
  if (maps.indexOf('[upro', 0, 'latin1') >= 0) return undefined;
  const from = maps.lastIndexOf(NEWLINE, firstVvar) + 1;
  const end = named + '[vdso]\n'.length;
  if (end - from > LONGEST_BLOCK) return undefined;
  return parseBlock(maps.toString('latin1', from, end));
};

const NEWLINE = 0x0a;
/** Three lines of at most 90 characters; the names of ordinary files are longer than the rest of a line. */
const LONGEST_BLOCK = 300;

const parseBlock = (text: string): readonly Vma[] | undefined => {
  const block: Vma[] = [];
  let last: Vma | undefined;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const vma = parseMapsLine(text, from, newline);
    if (vma === undefined || (last !== undefined && last.end !== vma.start)) return undefined;
    from = newline + 1;
    if (from < text.length ? !isVvarNamed(vma) : !isVdsoNamed(vma)) return undefined;
    if (vma.write || vma.shared || !vma.read) return undefined;
    block.push(vma);
    last = vma;
  }
  return last?.execute === true ? block : undefined;
};

/**
 * AT_SYSINFO_EHDR of a little-endian auxv, and the word size, without reading the rest. Undefined when the bytes do
 * not plainly show them: the first entries of every auxv are small types, so the upper half of a 64-bit type is zero.
 */
export const ordinaryAuxv = (bytes: Buffer): Auxv | undefined => {
  if (bytes.length < 32 || bytes.length > LONGEST_AUXV || bytes.length % 16 !== 0) return undefined;
  const wide = bytes.readUInt32LE(4) === 0 && bytes.readUInt32LE(20) === 0;
  const step = wide ? 16 : 8;
  for (let at = 0; at + step <= bytes.length; at += step) {
    const type = bytes.readUInt32LE(at);
    if (type === 0 || type > LARGEST_TYPE || (wide && bytes.readUInt32LE(at + 4) !== 0)) return undefined;
    if (type !== AT_SYSINFO_EHDR) continue;
    const low = bytes.readUInt32LE(at + step / 2);
    const high = wide ? bytes.readUInt32LE(at + 12) : 0;
    if (high >= 0x200000) return undefined;
    return {
      wordSize: wide ? 8 : 4,
      littleEndian: true,
      entries: new Map([[AT_SYSINFO_EHDR, BigInt(high * 0x1_0000_0000 + low)]]),
    };
  }
  return undefined;
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
