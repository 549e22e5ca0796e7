/** What others know beside the evidence. Every field may be missing; the judge then claims less. */
export interface JudgeContext {
  /** Where exec or ARCH_MAP_VDSO put the vDSO, seen by a probe: beats auxv, which can be forged. */
  readonly placedAt?: bigint | undefined;
  /** Moves of this address space that were seen, oldest first. */
  readonly moves?: readonly MoveSeen[] | undefined;
  /** Special mappings as the kernel itself has them (iter:task_vma, a VMA walk); all of them, or nothing. */
  readonly kernelTruth?: readonly SpecialMapping[] | undefined;
  /** Page sets that several processes share, from `baselines`. */
  readonly baselines?: readonly KnownPages[] | undefined;
  /** Does this host give a vDSO to a fresh process of that ABI ("x86_64", "i386", ...)? */
  readonly hostGivesVdso?: ReadonlyMap<string, boolean> | undefined;
}

export interface MoveSeen {
  /** Boot clock, ns. */
  readonly at: bigint;
  readonly from: bigint;
  readonly to: bigint;
  /** Who called: a tracer injects calls under the pid of its tracee. */
  readonly pid: number;
  readonly comm: string;
}

export interface SpecialMapping {
  readonly start: bigint;
  readonly end: bigint;
  /** vm_special_mapping.name, "[vdso]". */
  readonly name: string;
}

/** Frames of one clean vDSO, page by page; undefined where nobody had the page present. */
export interface KnownPages {
  readonly image: string;
  /** Inode of the UTS namespace whose processes share them; undefined: the host's own. */
  readonly uts: bigint | undefined;
  readonly frames: readonly (bigint | undefined)[];
  /** "lone" pages were seen in one process only, and prove nothing. */
  readonly kind?: 'host' | 'container' | 'lone';
}
