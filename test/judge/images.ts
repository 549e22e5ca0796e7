/** Small ELF images for tests: nothing of a real vDSO but its form. */
export interface MadeImage {
  readonly bits?: 32 | 64;
  readonly littleEndian?: boolean;
  readonly machine?: number;
  readonly soname?: string | null;
  readonly symbols?: Readonly<Record<string, number>>;
  readonly size?: number;
  readonly linuxVersion?: number;
  /** Address it is linked for. */
  readonly base?: bigint;
  /** Where the program ends; 0x1522 where it fits. */
  readonly program?: number;
  /** Where the table of sections ends, and with it the file; none is left out. */
  readonly sectionsEnd?: number;
  /** Symbol table found by the strings behind it only, as with a GNU hash alone. */
  readonly withoutSysvHash?: boolean;
}

const EM: Readonly<Record<string, number>> = { x86_64: 62, i386: 3, aarch64: 183, s390x: 22 };

export const vdsoImage = (made: MadeImage = {}): Uint8Array => {
  const bits = made.bits ?? 64;
  const wide = bits === 64;
  const littleEndian = made.littleEndian ?? true;
  const machine = made.machine ?? EM['x86_64'] ?? 62;
  const base = made.base ?? 0n;
  const size = made.size ?? 0x2000;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const u16 = (at: number, value: number): void => view.setUint16(at, value, littleEndian);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, littleEndian);
  const word = (at: number, value: bigint): void =>
    wide ? view.setBigUint64(at, value, littleEndian) : view.setUint32(at, Number(value & 0xffffffffn), littleEndian);
  const hashWord = machine === 22 && wide ? 8 : 4;
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, 0]);
  u16(16, 3);
  u16(18, machine);
  const headers = wide ? 64 : 52;
  const headerSize = wide ? 56 : 32;
  word(wide ? 32 : 28, BigInt(headers));
  u16(wide ? 54 : 42, headerSize);
  u16(wide ? 56 : 44, 3);
  if (made.sectionsEnd !== undefined) {
    const sections = { size: wide ? 64 : 40, count: 16 };
    word(wide ? 40 : 32, BigInt(made.sectionsEnd - sections.size * sections.count));
    u16(wide ? 58 : 46, sections.size);
    u16(wide ? 60 : 48, sections.count);
  }
  const symbols = Object.entries(made.symbols ?? { __vdso_gettimeofday: 0x810, __vdso_clock_gettime: 0xaf0 });
  const soname = made.soname === undefined ? 'linux-vdso.so.1' : made.soname;
  const strings = ['', ...(soname === null ? [] : [soname]), ...symbols.map(([name]) => name)];
  const hashAt = 0x120;
  const symbolSize = wide ? 24 : 16;
  const tableAt = hashAt + hashWord * (3 + symbols.length + 1);
  const alignedTable = (tableAt + 7) & ~7;
  const stringsAt = alignedTable + symbolSize * (symbols.length + 1);
  const offsets = new Map<string, number>();
  let at = stringsAt;
  for (const text of strings) {
    offsets.set(text, at - stringsAt);
    bytes.set(Buffer.from(`${text}\0`, 'latin1'), at);
    at += text.length + 1;
  }
  const dynamicAt = (at + 15) & ~15;
  const step = wide ? 16 : 8;
  const tags: readonly (readonly [number, bigint])[] = [
    ...(soname === null ? [] : [[14, BigInt(offsets.get(soname) ?? 0)] as const]),
    ...(made.withoutSysvHash === true
      ? [[0x6ffffef5, base + BigInt(hashAt)] as const]
      : [[4, base + BigInt(hashAt)] as const]),
    [5, base + BigInt(stringsAt)],
    [6, base + BigInt(alignedTable)],
    [10, BigInt(at - stringsAt)],
    [11, BigInt(symbolSize)],
    [0, 0n],
  ];
  for (const [index, [tag, value]] of tags.entries()) {
    word(dynamicAt + index * step, BigInt(tag));
    word(dynamicAt + index * step + step / 2, value);
  }
  // Hash: one bucket, as many chain entries as symbols.
  const hash = (index: number, value: number): void =>
    hashWord === 8
      ? view.setBigUint64(hashAt + index * 8, BigInt(value), littleEndian)
      : u32(hashAt + index * 4, value);
  hash(0, 1);
  hash(1, symbols.length + 1);
  for (const [index, [name, value]] of symbols.entries()) {
    const entry = alignedTable + symbolSize * (index + 1);
    u32(entry, offsets.get(name) ?? 0);
    word(entry + (wide ? 8 : 4), base + BigInt(value));
    bytes[entry + (wide ? 4 : 12)] = 0x12;
    u16(entry + (wide ? 6 : 14), 9);
  }
  const noteAt = (dynamicAt + tags.length * step + 15) & ~15;
  u32(noteAt, 6);
  u32(noteAt + 4, 4);
  u32(noteAt + 8, 0);
  bytes.set(Buffer.from('Linux\0', 'latin1'), noteAt + 12);
  u32(noteAt + 20, made.linuxVersion ?? 0x06_12_2c);
  const segment = (index: number, type: number, offset: number, length: number): void => {
    const header = headers + index * headerSize;
    u32(header, type);
    word(header + (wide ? 8 : 4), BigInt(offset));
    word(header + (wide ? 16 : 8), base + BigInt(offset));
    word(header + (wide ? 32 : 16), BigInt(length));
    word(header + (wide ? 40 : 20), BigInt(length));
  };
  segment(0, 1, 0, made.program ?? Math.min(size, 0x1522));
  segment(1, 2, dynamicAt, tags.length * step);
  segment(2, 4, noteAt, 24);
  return bytes;
};

/** The first 64 bytes, as the shortest captures have them. */
export const headerOnly = (made: MadeImage = {}): Uint8Array => vdsoImage(made).slice(0, 64);

/** A CRIU mark at the start of a page. */
export const markBytes = (
  version: 1 | 2 | 3,
  fields: Partial<Record<'proxy' | 'vvar' | 'runtimeVvar', bigint>> = {},
): Uint8Array => {
  const bytes = new Uint8Array(0x2000);
  const view = new DataView(bytes.buffer);
  const signature = { 1: 0x6f73647675697263n, 2: 0x4f53447675697263n, 3: 0x4f53447655495243n }[version];
  const nowhere = 0xffffffffffffffffn;
  view.setBigUint64(0, signature, true);
  view.setBigUint64(8, fields.proxy ?? nowhere, true);
  view.setBigUint64(16, BigInt(version), true);
  view.setBigUint64(24, fields.vvar ?? nowhere, true);
  view.setBigUint64(32, fields.runtimeVvar ?? nowhere, true);
  return bytes;
};

/** A vDSO whose functions CRIU overwrote with jumps to `target`. */
export const proxyImage = (target: bigint, made: MadeImage = {}): Uint8Array => {
  const bytes = vdsoImage(made);
  const view = new DataView(bytes.buffer);
  for (const offset of Object.values(made.symbols ?? { a: 0x810, b: 0xaf0 })) {
    if (made.bits === 32) {
      bytes[offset] = 0xb8;
      view.setUint32(offset + 1, Number(target) + offset, true);
      bytes.set([0xff, 0xe0, 0xcc, 0xcc, 0xcc, 0xcc], offset + 5);
    } else {
      bytes.set([0x48, 0xb8], offset);
      view.setBigUint64(offset + 2, target + BigInt(offset), true);
      bytes.set([0xff, 0xe0, 0xcc, 0xcc, 0xcc, 0xcc], offset + 10);
    }
  }
  return bytes;
};
