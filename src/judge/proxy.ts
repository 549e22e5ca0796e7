import type { ElfImage } from '../elf/image.js';

/** A jump that CRIU wrote over a vDSO function, to the same function of the runtime vDSO. */
export interface Trampoline {
  readonly symbol: string;
  readonly target: bigint;
}

/**
 * Trampolines at the exported functions of a dumped vDSO (vdso_redirect_calls, criu/arch/ARCH/vdso-pie.c):
 * x86-64 `movabs $target,%rax; jmp *%rax; int3*4`, i386 `mov $target,%eax; jmp *%eax; int3*4`, s390x `larl; lg; br`
 * with the address behind, loongarch `pcaddi; ldptr.d; jirl; break` likewise. Other machines branch in ways that no
 * bytes give away.
 */
export const findTrampolines = (bytes: Uint8Array, image: ElfImage): readonly Trampoline[] => {
  const template = TEMPLATES.get(image.image ?? '');
  if (template === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Trampoline[] = [];
  for (const [symbol, offset] of image.symbols) {
    const code = bytes.subarray(offset, offset + template.length);
    if (code.length < template.length) continue;
    if (template.fixed.some(([at, byte]) => code[at] !== byte)) continue;
    const at = offset + template.addressAt;
    const { littleEndian } = image.header;
    const target = template.wide ? view.getBigUint64(at, littleEndian) : BigInt(view.getUint32(at, littleEndian));
    found.push({ symbol, target });
  }
  return found;
};

interface Template {
  readonly length: number;
  readonly addressAt: number;
  readonly wide: boolean;
  readonly fixed: readonly (readonly [number, number])[];
}

const fixedBytes = (...runs: readonly (readonly [number, readonly number[]])[]): Template['fixed'] =>
  runs.flatMap(([at, bytes]) => bytes.map((byte, index) => [at + index, byte] as const));

const INT3 = [0xcc, 0xcc, 0xcc, 0xcc];

const TEMPLATES = new Map<string, Template>([
  [
    'x86_64',
    { length: 16, addressAt: 2, wide: true, fixed: fixedBytes([0, [0x48, 0xb8]], [10, [0xff, 0xe0, ...INT3]]) },
  ],
  ['i386', { length: 11, addressAt: 1, wide: false, fixed: fixedBytes([0, [0xb8]], [5, [0xff, 0xe0, ...INT3]]) }],
  [
    's390x',
    {
      length: 26,
      addressAt: 14,
      wide: true,
      fixed: fixedBytes([0, [0xc0, 0x10, 0, 0, 0, 7, 0xe3, 0x10, 0x10, 0, 0, 4, 7, 0xf1]], [22, INT3]),
    },
  ],
  [
    'loongarch64',
    {
      length: 24,
      addressAt: 16,
      wide: true,
      fixed: fixedBytes([0, [0x95, 0, 0, 0x18, 0xb5, 2, 0, 0x26, 0xa0, 2, 0, 0x4c, 0, 0, 0x2a, 0]]),
    },
  ],
]);
