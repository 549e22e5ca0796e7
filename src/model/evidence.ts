import type { Vma } from './vma.js';

/**
 * What is known of one address space at one moment, from one source. A field that was not read is `undefined`,
 * which means "not known" and never "no"; why it was not read stands in `unread`.
 */
export interface Evidence {
  readonly source: EvidenceSource;
  /** Boot clock, ns; undefined when the source has no clock of this boot. */
  readonly takenAt: bigint | undefined;
  readonly host: Host;
  readonly process: ProcessFacts;
  /** In address order. An empty list: read, and the process has no user memory (kernel thread, zombie). */
  readonly vmas: readonly Vma[] | undefined;
  /**
   * The census kept of `vmas` only the vDSO and its data pages, and of `auxv` only what tells their place and the
   * program image: it found them in order, and no other line of interest.
   */
  readonly onlyBlock?: true;
  /** By start address of the VMA. */
  readonly smaps: ReadonlyMap<bigint, SmapsEntry> | undefined;
  /** Words of /proc/PID/pagemap, one per page from the start of the VMA; only of the VMAs that were read. */
  readonly pagemap: ReadonlyMap<bigint, BigUint64Array>;
  /** Words of /proc/kpageflags for the same pages. */
  readonly kpageflags: ReadonlyMap<bigint, BigUint64Array>;
  /** Bytes from the start of the VMA; may be shorter than the VMA. */
  readonly bytes: ReadonlyMap<bigint, Uint8Array>;
  readonly auxv: Auxv | undefined;
  /** Inode number of each /proc/PID/ns link, e.g. uts -> 4026531838n. */
  readonly namespaces: ReadonlyMap<string, bigint>;
  /**
   * Who gave the mappings their names: the kernel (also when not said), or CRIU, in an image without its dump.log, by
   * what it took them for.
   */
  readonly namesBy?: 'kernel' | 'criu';
  /** mm->context.vdso, when a probe read it. A pointer, not a fact: stale after munmap on x86. */
  readonly contextVdso: bigint | undefined;
  /** Reading the bytes through /proc/PID/mem faulted pages in (observer effect): the pagemap is from before. */
  readonly faultedPages: boolean;
  readonly unread: readonly Unread[];
}

export type EvidenceSource = 'proc' | 'bundle' | 'criu-image' | 'core' | 'recording';

export interface Host {
  /** uname -r; undefined when the source does not say. */
  readonly release: string | undefined;
  /** uname -m. */
  readonly machine: string | undefined;
  readonly pageSize: number;
  /** Result of the mremap test on that kernel: does the name follow the vDSO? */
  readonly hintTest: 'kept' | 'lost' | 'unknown';
  /** PFNs of this boot's own vDSO pages, by image ("x86_64", "i386"); empty when not known. */
  readonly reference: ReadonlyMap<string, readonly bigint[]>;
  readonly bootId?: string;
}

/** All but a page size, which has no unknown. */
export const UNKNOWN_HOST: Omit<Host, 'pageSize'> = {
  release: undefined,
  machine: undefined,
  hintTest: 'unknown',
  reference: new Map(),
};

export interface ProcessFacts {
  readonly pid: number;
  /** Raw bytes decoded as latin1, never escaped here: hostile. */
  readonly comm: string | undefined;
  readonly cmdline: readonly string[] | undefined;
  /** Field 22 of /proc/PID/stat, clock ticks since boot. */
  readonly startTicks: bigint | undefined;
  /** One letter of /proc/PID/stat field 3 (Z zombie, t tracing stop, ...); of a live thread where the main one ended. */
  readonly state: string | undefined;
  /** The main thread has ended (pthread_exit, exit(2) of the thread) and others live on: ps shows such a one as Zl. */
  readonly mainThreadEnded?: true;
  readonly parent: number | undefined;
  readonly tracer: number | undefined;
  readonly uid: number | undefined;
  /** PF_KTHREAD of stat field 9: has no user memory by nature. */
  readonly kernelThread: boolean | undefined;
  /** Its number in a pid namespace of its own, the innermost: CRIU's images name it so, and a restore gives it again. */
  readonly insidePid?: number;
  /** Instruction pointers of stopped threads (images, core files). */
  readonly instructionPointers?: readonly bigint[];
}

export interface SmapsEntry {
  /** Sizes in kB as printed; undefined when the line is missing. */
  readonly rss: number | undefined;
  readonly anonymous: number | undefined;
  readonly swap: number | undefined;
  readonly sharedClean: number | undefined;
  readonly privateClean: number | undefined;
  readonly privateDirty: number | undefined;
  /** Two-letter codes of the VmFlags line; undefined before 3.8 or when not recorded. */
  readonly flags: ReadonlySet<string> | undefined;
}

/** The auxiliary vector; entries in order, type -> value. */
export interface Auxv {
  /** 4 or 8: tells a 32-bit process. */
  readonly wordSize: 4 | 8;
  readonly littleEndian: boolean;
  readonly entries: ReadonlyMap<number, bigint>;
}

/** Types of its entries, include/uapi/linux/auxvec.h. */
export const AT_PHDR = 3;
export const AT_PAGESZ = 6;
export const AT_ENTRY = 9;
export const AT_RANDOM = 25;
export const AT_SYSINFO = 32;
export const AT_SYSINFO_EHDR = 33;
export const AT_MINSIGSTKSZ = 51;

/** What could not be read, and why. */
export interface Unread {
  /** "maps", "pagemap", "mem", ... */
  readonly what: string;
  /** gone: the process ended; denied: EACCES/EPERM; torn: changed under the reader; bad: not what a kernel prints. */
  readonly why: 'gone' | 'denied' | 'torn' | 'absent' | 'truncated' | 'bad';
  readonly detail: string;
}

/**
 * The same evidence with other values in some of its fields. Spelled out like the copies of pipeline/entries.ts: what an
 * object spread makes keeps most of its fields in a second object, 100 bytes more for each of ten thousand processes.
 */
export const changeEvidence = (evidence: Evidence, changes: Partial<Evidence>): Evidence =>
  Object.assign(copyEvidence(evidence), changes);

type Copy = { -readonly [Field in keyof Evidence]: Evidence[Field] };

const copyEvidence = (old: Evidence): Copy => {
  const copy: Copy = {
    source: old.source,
    takenAt: old.takenAt,
    host: old.host,
    process: old.process,
    vmas: old.vmas,
    smaps: old.smaps,
    pagemap: old.pagemap,
    kpageflags: old.kpageflags,
    bytes: old.bytes,
    auxv: old.auxv,
    namespaces: old.namespaces,
    contextVdso: old.contextVdso,
    faultedPages: old.faultedPages,
    unread: old.unread,
  };
  if (old.onlyBlock !== undefined) copy.onlyBlock = old.onlyBlock;
  if (old.namesBy !== undefined) copy.namesBy = old.namesBy;
  return copy;
};
