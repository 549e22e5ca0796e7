/** Status bits of a vma_entry: what CRIU took the mapping for (criu/include/image.h, VMA_AREA_*). */
const VMA_STATUS = {
  regular: 1 << 0,
  stack: 1 << 1,
  vsyscall: 1 << 2,
  vdso: 1 << 3,
  heap: 1 << 5,
  filePrivate: 1 << 6,
  fileShared: 1 << 7,
  anonymousShared: 1 << 8,
  anonymousPrivate: 1 << 9,
  sysvipc: 1 << 10,
  socket: 1 << 11,
  vvar: 1 << 12,
  aioRing: 1 << 13,
  memfd: 1 << 14,
  shadowStack: 1 << 15,
  /** Since CRIU 4.2. */
  guard: 1 << 16,
  /** Since CRIU 4.2; such a mapping is never written to an image. */
  uprobes: 1 << 17,
} as const;

export type VmaStatus = keyof typeof VMA_STATUS;

export const hasStatus = (status: number, bit: VmaStatus): boolean => (status & VMA_STATUS[bit]) !== 0;

/** Memory with no file, no shared object and no kernel meaning behind it: where a vDSO that lost its status ends up. */
export const isPlainAnonymous = (status: number): boolean =>
  hasStatus(status, 'anonymousPrivate') && (status & SPECIAL) === 0;

const SPECIAL =
  VMA_STATUS.vdso | VMA_STATUS.vvar | VMA_STATUS.vsyscall | VMA_STATUS.aioRing | VMA_STATUS.uprobes | VMA_STATUS.memfd;
