import { isFileless, type Vma } from '../model/vma.js';

/**
 * The mappings whose pagemap entry CRIU reads under the PFN check: readable and executable memory without a file,
 * below the top of user memory, not growing down (parasite_fixup_vdso and check_if_vma_is_vdso, criu/vdso.c; v2.0 on).
 */
export const criuCandidates = (vmas: readonly Vma[]): readonly Vma[] =>
  vmas.filter(
    (vma) =>
      isFileless(vma) && !vma.shared && vma.read && vma.execute && vma.start < KERNEL_HALF && vma.name !== '[stack]',
  );

/** kdat.task_size lies below it on every 64-bit machine; [vsyscall] above. */
const KERNEL_HALF = 1n << 63n;
