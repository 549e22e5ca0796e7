import type { Abi } from './abi.js';

/**
 * System call numbers, [x86_64, i386, arm64 and other newer ones]; null: that ABI has no such call. From the kernel's
 * arch/x86/entry/syscalls/syscall_{64,32}.tbl and include/uapi/asm-generic/unistd.h. i386: `mmap` is mmap2 (its offset
 * counts pages), set*id and setgroups are the 32-bit-id versions.
 */
const NUMBERS = {
  read: [0, 3, 63],
  write: [1, 4, 64],
  openat: [257, 295, 56],
  close: [3, 6, 57],
  mmap: [9, 192, 222],
  mprotect: [10, 125, 226],
  munmap: [11, 91, 215],
  mremap: [25, 163, 216],
  madvise: [28, 219, 233],
  mlock: [149, 150, 228],
  remap_file_pages: [216, 257, 234],
  mseal: [462, 462, 462],
  pkey_mprotect: [329, 380, 288],
  pkey_alloc: [330, 381, 289],
  shmget: [29, 395, 194],
  shmat: [30, 397, 196],
  shmctl: [31, 396, 195],
  shmdt: [67, 398, 197],
  fork: [57, 2, null],
  vfork: [58, 190, null],
  clone: [56, 120, 220],
  clone3: [435, 435, 435],
  execve: [59, 11, 221],
  exit: [60, 1, 93],
  exit_group: [231, 252, 94],
  wait4: [61, 114, 260],
  kill: [62, 37, 129],
  tgkill: [234, 270, 131],
  getpid: [39, 20, 172],
  getppid: [110, 64, 173],
  gettid: [186, 224, 178],
  setsid: [112, 66, 157],
  setpgid: [109, 57, 154],
  prctl: [157, 172, 167],
  arch_prctl: [158, 384, null],
  setns: [308, 346, 268],
  unshare: [272, 310, 97],
  ptrace: [101, 26, 117],
  process_vm_readv: [310, 347, 270],
  process_vm_writev: [311, 348, 271],
  dup3: [292, 330, 24],
  nanosleep: [35, 162, 101],
  memfd_create: [319, 356, 279],
  pread64: [17, 180, 67],
  clock_gettime: [228, 265, 113],
  ftruncate: [77, 93, 46],
  pwrite64: [18, 181, 68],
  uname: [63, 122, 160],
  personality: [135, 136, 92],
  setresuid: [117, 208, 147],
  setgroups: [116, 206, 159],
  capset: [126, 185, 91],
  userfaultfd: [323, 374, 282],
  rt_sigaction: [13, 174, 134],
  chdir: [80, 12, 49],
  mount: [165, 21, 40],
  unlinkat: [263, 301, 35],
} as const satisfies Record<string, readonly [number, number, number | null]>;

export type SyscallName = keyof typeof NUMBERS;

const X32_BIT = 0x40000000;
/** Calls whose x32 version differs from x86-64's by more than bit 30 (syscall_64.tbl, "x32-specific" part). */
const X32_OWN: Partial<Record<SyscallName, number>> = {
  execve: 520,
  ptrace: 521,
  process_vm_readv: 539,
  process_vm_writev: 540,
  rt_sigaction: 512,
};

/** Number of a call in an ABI; a number stands for itself. Throws for a call that the ABI lacks: a bug of the caller. */
export const syscallNumber = (abi: Abi, call: SyscallName | number): number => {
  if (typeof call === 'number') return call;
  if (abi === 'x32') return X32_BIT | (X32_OWN[call] ?? NUMBERS[call][0]);
  const number = abi === 'aarch64' ? NUMBERS[call][2] : NUMBERS[call][abi === 'i386' ? 1 : 0];
  if (number === null) throw new Error(`${abi} has no system call ${call}`);
  return number;
};
