import { AT_PAGESZ, AT_SYSINFO, AT_SYSINFO_EHDR, type Evidence } from '../model/evidence.js';
import type { Vma } from '../model/vma.js';

/**
 * ABI of the process: uname -m for a native one, the name of its 32-bit sibling for a compat one. From the word size of
 * auxv; without it from the addresses in use, because a 64-bit process has its stack above 4 GiB.
 */
export const abiOf = (evidence: Evidence, vmas: readonly Vma[]): string | undefined => {
  const { machine } = evidence.host;
  // Evidence may come from anybody, and an ABI is printed: a name as no uname gives it is none.
  if (machine === undefined || !/^[\w-]+$/.test(machine)) return undefined;
  const compat = COMPAT.get(machine);
  if (compat === undefined) return WITHOUT_COMPAT.get(machine) ?? (/^i[3-6]86$/.test(machine) ? 'i386' : machine);
  // A 64-bit process can give itself the auxv of a 32-bit one (PR_SET_MM_MAP), and no 32-bit one lies above 4 GiB.
  const byAddress = bitsByAddress(vmas);
  const bits = evidence.auxv === undefined || byAddress === 64 ? byAddress : evidence.auxv.wordSize * 8;
  if (bits === undefined) return undefined;
  if (bits === 64) return machine;
  if (machine === 'x86_64' && isX32(evidence)) return 'x32';
  return compat;
};

/** 32-bit processes that a 64-bit kernel runs beside its own. */
const COMPAT = new Map([
  ['x86_64', 'i386'],
  ['aarch64', 'arm'],
  ['s390x', 's390'],
  ['ppc64le', 'ppcle'],
  ['ppc64', 'ppc'],
  ['riscv64', 'riscv32'],
  ['mips64', 'mips'],
  ['sparc64', 'sparc'],
  ['parisc64', 'parisc'],
]);

const WITHOUT_COMPAT = new Map([
  ['armv6l', 'arm'],
  ['armv7l', 'arm'],
  ['armv8l', 'arm'],
]);

/**
 * x32 has 32-bit auxv words like i386, but no AT_SYSINFO: ARCH_DLINFO_X32 gives AT_SYSINFO_EHDR alone
 * (arch/x86/include/asm/elf.h). Only a whole auxv (one with AT_PAGESZ) says so.
 */
const isX32 = ({ auxv }: Evidence): boolean =>
  auxv !== undefined &&
  [AT_PAGESZ, AT_SYSINFO_EHDR].every((type) => auxv.entries.has(type)) &&
  !auxv.entries.has(AT_SYSINFO);

const FOUR_GIB = 0x1_0000_0000n;

const bitsByAddress = (vmas: readonly Vma[]): 32 | 64 | undefined => {
  // Fixed pages of the kernel lie outside user space, whatever the process is.
  const own = vmas.filter(({ name }) => name !== '[vsyscall]' && name !== '[vectors]');
  if (own.length === 0) return undefined;
  return own.some(({ end }) => end > FOUR_GIB) ? 64 : 32;
};
