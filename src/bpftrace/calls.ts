/**
 * The system calls that the probes watch, by number: [x86-64, i386, arm64 and other newer ones, 32-bit arm, s390x,
 * ppc64]; null: not there, or not watched. From syscall_{64,32}.tbl of arch/x86, arch/arm64/tools/syscall_32.tbl,
 * include/uapi/asm-generic/unistd.h, syscall.tbl of arch/s390 and arch/powerpc.
 */
const CALLS = {
  mremap: [25, 163, 216, 163, 163, 163],
  munmap: [11, 91, 215, 91, 91, 91],
  /** 32-bit: mmap2, whose offset counts pages of 4096 bytes. */
  mmap: [9, 192, 222, 192, 90, 90],
  shmat: [30, 397, 196, 305, 397, 397],
  /** ipc(SHMAT, ...) of 32-bit programs: the only way to shmat before 5.1. */
  ipc: [null, 117, null, null, null, null],
  remap_file_pages: [216, 257, 234, 253, 267, 239],
  mprotect: [10, 125, 226, 125, 125, 125],
  pkey_mprotect: [329, 380, 288, 394, 384, 386],
  mseal: [462, 462, 462, 462, 462, 462],
  madvise: [28, 219, 233, 220, 219, 205],
  arch_prctl: [158, 384, null, null, null, null],
  ptrace: [101, 26, 117, 26, 26, 26],
  process_vm_writev: [311, 348, 271, 377, 341, 352],
  setns: [308, 346, 268, 375, 339, 350],
  unshare: [272, 310, 97, 337, 303, 282],
  prctl: [157, 172, 167, 172, 172, 171],
} as const satisfies Record<string, readonly (number | null)[]>;

export type CallName = keyof typeof CALLS;

/** The two tables of a machine whose 64-bit calls are those of `process.arch`; undefined: not known here. */
export interface CallTables {
  readonly native: ReadonlyMap<number, CallName>;
  readonly compat: ReadonlyMap<number, CallName>;
}

/** `arch`: as Node names it; undefined: a machine that is not traced. */
export const callTables = (arch: string): CallTables | undefined => TABLES[arch];

const column = (index: 0 | 1 | 2 | 3 | 4 | 5): ReadonlyMap<number, CallName> =>
  new Map(
    NAMES.flatMap((name) => {
      const number = CALLS[name][index];
      return number === null ? [] : [[number, name]];
    }),
  );

const isCallName = (name: string): name is CallName => name in CALLS;
const NAMES: readonly CallName[] = Object.keys(CALLS).filter(isCallName);

const TABLES: Readonly<Record<string, CallTables>> = {
  x64: { native: column(0), compat: column(1) },
  arm64: { native: column(2), compat: column(3) },
  riscv64: { native: column(2), compat: new Map() },
  loong64: { native: column(2), compat: new Map() },
  s390x: { native: column(4), compat: new Map() },
  ppc64: { native: column(5), compat: new Map() },
};

/** What is x86's own in probes/compat.bt, in its words. */
export const X86_COMPAT_TEST = '(curtask->thread_info.status & 2) != 0';

/**
 * "This task is in a 32-bit call" as bpftrace says it; undefined: not known here.
 * x86: TS_COMPAT, set by each 32-bit entry for the length of the call (asm/thread_info.h). arm64: TIF_32BIT.
 */
export const compatTest = (arch: string): string | undefined =>
  ({ x64: X86_COMPAT_TEST, arm64: '(curtask->thread_info.flags & 0x400000) != 0' })[arch];

/** The #define lines of compat.bt for a machine: NR_MREMAP and so on, -1 for what it does not have. */
export const compatDefines = (arch: string): ReadonlyMap<string, string> => {
  const numbers = new Map([...(callTables(arch)?.compat ?? [])].map(([number, name]) => [name, number]));
  return new Map(NAMES.map((name) => [`NR_${name.toUpperCase()}`, String(numbers.get(name) ?? -1)]));
};
