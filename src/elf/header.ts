import { asOffset, elfReader } from './reader.js';

/** The ELF header: all that a bundle's shortest memory excerpt (64 bytes) holds. */
export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly version: number;
  readonly osAbi: number;
  /** ET_*: a vDSO is ET_DYN (3). */
  readonly type: number;
  /** EM_*. */
  readonly machine: number;
  readonly programHeaders: { readonly offset: number; readonly size: number; readonly count: number };
  readonly sectionHeaders: { readonly offset: number; readonly size: number; readonly count: number };
}

/** Undefined when the bytes do not begin with a whole ELF header. */
export const parseElfHeader = (bytes: Uint8Array): ElfHeader | undefined => {
  if (bytes.length < 52 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    return undefined;
  }
  const bits = bytes[4] === 1 ? 32 : bytes[4] === 2 ? 64 : undefined;
  const data = bytes[5];
  if (bits === undefined || (data !== 1 && data !== 2) || (bits === 64 && bytes.length < 64)) return undefined;
  const { u16, word } = elfReader(bytes, data === 1, bits);
  const wide = bits === 64;
  const programOffset = asOffset(word(wide ? 32 : 28));
  const sectionOffset = asOffset(word(wide ? 40 : 32));
  const type = u16(16);
  const machine = u16(18);
  if (programOffset === undefined || sectionOffset === undefined || type === undefined || machine === undefined) {
    return undefined;
  }
  const at = wide ? 52 : 40;
  return {
    bits,
    littleEndian: data === 1,
    version: bytes[6] ?? 0,
    osAbi: bytes[7] ?? 0,
    type,
    machine,
    programHeaders: { offset: programOffset, size: u16(at + 2) ?? 0, count: u16(at + 4) ?? 0 },
    sectionHeaders: { offset: sectionOffset, size: u16(at + 6) ?? 0, count: u16(at + 8) ?? 0 },
  };
};

/**
 * The name of the image as the machine output has it: uname -m of a kernel whose native vDSO this is, "i386", "x32"
 * or "arm" for the others. Undefined for a machine that gives no vDSO.
 */
export const imageName = ({ bits, littleEndian, machine }: ElfHeader): string | undefined => {
  const wide = bits === 64;
  switch (machine) {
    case 3:
      return 'i386';
    case 62:
      return wide ? 'x86_64' : 'x32';
    case 183:
      return littleEndian ? 'aarch64' : 'aarch64_be';
    case 40:
      return 'arm';
    case 243:
      return wide ? 'riscv64' : 'riscv32';
    case 22:
      return wide ? 's390x' : 's390';
    case 21:
      return littleEndian ? 'ppc64le' : 'ppc64';
    case 20:
      return littleEndian ? 'ppcle' : 'ppc';
    case 8:
      return wide ? 'mips64' : 'mips';
    case 258:
      return wide ? 'loongarch64' : 'loongarch32';
    case 43:
      return 'sparc64';
    case 2:
    case 18:
      return 'sparc';
    case 15:
      return wide ? 'parisc64' : 'parisc';
    case 42:
      return 'sh';
    case 50:
      return 'ia64';
    case 164:
      return 'hexagon';
    case 252:
      return 'csky';
    default:
      return undefined;
  }
};
