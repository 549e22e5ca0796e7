import type { Evidence } from '../model/evidence.js';
import { FILE, frameOf } from '../model/pagemap.js';
import { isFileless, isVdsoNamed, type Vma } from '../model/vma.js';

/** Whose frames lie around this one. */
export type Kin = (frame: bigint) => 'kernel' | 'process' | undefined;

/**
 * Kernels before 3.5 do not say who owns a page, and the vDSO copies of Virtuozzo's containers are in no reference. What
 * is left: the page allocator keeps the kernel's own pages and those of processes in different blocks of 2 MiB (grouping
 * by mobility, mm/page_alloc.c, since 2.6.24), so a frame beside the host's vDSO pages is likely the kernel's, and one
 * beside this process's stack and heap likely its own. Likely, never more.
 */
export const frameKin = (evidence: Evidence, vmas: readonly Vma[]): Kin => {
  const block = BigInt(Math.max(1, Math.round((2 << 20) / evidence.host.pageSize)));
  const kernel = new Set<bigint>();
  for (const frames of evidence.host.reference.values()) for (const frame of frames) kernel.add(frame / block);
  const own = new Set<bigint>();
  for (const vma of vmas) {
    // Writable private memory without a file and not executable: anonymous for sure, unless it is a misnamed vDSO.
    if (!vma.write || vma.shared || vma.execute || isVdsoNamed(vma) || !isFileless(vma)) continue;
    for (const word of evidence.pagemap.get(vma.start) ?? []) {
      const frame = (word & FILE) === 0n ? frameOf(word) : undefined;
      if (frame !== undefined) own.add(frame / block);
    }
  }
  return (frame) => {
    const [isKernel, isOwn] = [kernel.has(frame / block), own.has(frame / block)];
    return isKernel === isOwn ? undefined : isKernel ? 'kernel' : 'process';
  };
};
