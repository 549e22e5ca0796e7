import { hex } from '../text/hex.js';

/** Names of the numbers in system call arguments (include/uapi/). What has no name stays a number. */
type Names = ReadonlyMap<bigint, string>;

const names = (values: Readonly<Record<string, number>>): Names =>
  new Map(Object.entries(values).map(([name, value]) => [BigInt(value), name]));

export const named = (known: Names, value: bigint): string => known.get(value) ?? hex(value);

/** "MAYMOVE|FIXED", with what has no name in hexadecimal; the name of zero, or "0". */
export const bits = (known: Names, value: bigint): string => {
  if (value === 0n) return known.get(0n) ?? '0';
  const found: string[] = [];
  let rest = value;
  for (const [bit, name] of known)
    if (bit !== 0n && (rest & bit) === bit) {
      found.push(name);
      rest &= ~bit;
    }
  if (rest !== 0n) found.push(hex(rest));
  return found.join('|');
};

export const MREMAP = names({ MAYMOVE: 1, FIXED: 2, DONTUNMAP: 4 });
export const PROT = names({ NONE: 0, READ: 1, WRITE: 2, EXEC: 4 });
/** FIXED_NOREPLACE and the like are not worth a line of their own width; the common ones are. */
export const MAP = names({
  SHARED: 1,
  PRIVATE: 2,
  FIXED: 0x10,
  ANONYMOUS: 0x20,
  GROWSDOWN: 0x100,
  NORESERVE: 0x4000,
  POPULATE: 0x8000,
  STACK: 0x20000,
  FIXED_NOREPLACE: 0x100000,
});
export const MADV = names({ DONTNEED: 4, FREE: 8, DONTFORK: 10, DOFORK: 11, MERGEABLE: 12, DONTDUMP: 16, DODUMP: 17 });
export const VDSO_ARCH = names({ ARCH_MAP_VDSO_X32: 0x2001, ARCH_MAP_VDSO_32: 0x2002, ARCH_MAP_VDSO_64: 0x2003 });
export const CLONE_NEW = names({
  NEWTIME: 0x80,
  VM: 0x100,
  FS: 0x200,
  FILES: 0x400,
  SIGHAND: 0x800,
  THREAD: 0x10000,
  NEWNS: 0x20000,
  SYSVSEM: 0x40000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
});
export const PR_SET_MM = names({
  PR_SET_MM_START_CODE: 1,
  PR_SET_MM_END_CODE: 2,
  PR_SET_MM_START_DATA: 3,
  PR_SET_MM_END_DATA: 4,
  PR_SET_MM_START_STACK: 5,
  PR_SET_MM_START_BRK: 6,
  PR_SET_MM_BRK: 7,
  PR_SET_MM_ARG_START: 8,
  PR_SET_MM_ARG_END: 9,
  PR_SET_MM_ENV_START: 10,
  PR_SET_MM_ENV_END: 11,
  PR_SET_MM_AUXV: 12,
  PR_SET_MM_EXE_FILE: 13,
  PR_SET_MM_MAP: 14,
  PR_SET_MM_MAP_SIZE: 15,
});
