import { CURRENT_CRIU } from '../../model/verdict.js';
import { type CriuVersion, criuAtLeast } from './version.js';

/**
 * Functions of a vDSO that a CRIU compares, and that its proxy redirects, by image (ARCH_VDSO_SYMBOLS in
 * criu/arch/ARCH/include/asm/vdso.h). Any other function of a dumped vDSO goes on running its old code over pages that are
 * no vvar.
 */
export const proxiedSymbols = (
  image: string | undefined,
  version: CriuVersion = CURRENT_CRIU,
): readonly string[] | undefined => {
  const names = image === undefined ? undefined : SYMBOLS.get(image);
  return criuAtLeast(version, 4, 0) ? names : names?.filter((name) => name !== CLOCK_GETTIME64);
};

/** Since 4.0 (181583819, CRIU issue 2390): a 32-bit program of a glibc with 64-bit time calls it. */
const CLOCK_GETTIME64 = '__vdso_clock_gettime64';

const X86 = [
  '__vdso_clock_gettime',
  '__vdso_getcpu',
  '__vdso_gettimeofday',
  '__vdso_time',
  '__kernel_sigreturn',
  '__kernel_rt_sigreturn',
  CLOCK_GETTIME64,
];

const SYMBOLS = new Map<string, readonly string[]>([
  ['x86_64', X86],
  ['i386', X86],
  ['aarch64', ['__kernel_clock_getres', '__kernel_clock_gettime', '__kernel_gettimeofday', '__kernel_rt_sigreturn']],
  ['arm', ['__vdso_clock_gettime', '__vdso_gettimeofday']],
  [
    'ppc64le',
    [
      '__kernel_clock_getres',
      '__kernel_clock_gettime',
      '__kernel_get_syscall_map',
      '__kernel_get_tbfreq',
      '__kernel_getcpu',
      '__kernel_gettimeofday',
      '__kernel_sigtramp_rt64',
      '__kernel_sync_dicache',
      '__kernel_sync_dicache_p5',
      '__kernel_time',
    ],
  ],
  ['s390x', ['__kernel_gettimeofday', '__kernel_clock_gettime', '__kernel_clock_getres', '__kernel_getcpu']],
  ['mips64', ['__vdso_clock_gettime', '__vdso_gettimeofday', '__vdso_clock_getres']],
  [
    'loongarch64',
    ['__vdso_getcpu', '__vdso_clock_getres', '__vdso_clock_gettime', '__vdso_gettimeofday', '__vdso_rt_sigreturn'],
  ],
  [
    'riscv64',
    [
      '__vdso_clock_getres',
      '__vdso_clock_gettime',
      '__vdso_gettimeofday',
      '__vdso_getcpu',
      '__vdso_flush_icache',
      '__vdso_rt_sigreturn',
    ],
  ],
]);

/** Functions of that image a proxy leaves as they are; undefined when the list of its machine is not known. */
export const unproxiedFunctions = (
  image: string | undefined,
  symbols: ReadonlyMap<string, number>,
  version?: CriuVersion,
): readonly string[] | undefined => {
  const proxied = proxiedSymbols(image, version);
  return proxied === undefined ? undefined : [...symbols.keys()].filter((name) => !proxied.includes(name));
};
