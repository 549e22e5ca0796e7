import type { Auxv } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import type { AddressRange } from '../model/vma.js';

/** What a CRIU image directory holds about address spaces. Process numbers are those of the dumped pid namespace. */
export interface ImageSet {
  readonly directory: string;
  /** dump: complete; pre-dump: memory only (`criu pre-dump`); unfinished: CRIU stopped before the end. */
  readonly kind: 'dump' | 'pre-dump' | 'unfinished';
  readonly inventory: ImageInventory | undefined;
  readonly processes: readonly ImageProcess[];
  /** Numbers of what the dump and a later restore did, where CRIU left them. */
  readonly stats: ImageStats;
  /**
   * When the dump ended: Unix, ns, by the file that is written last (write_img_inventory in cr_dump_tasks). Copying may
   * make it later. Undefined: not known.
   */
  readonly written: bigint | undefined;
  /**
   * Boot clock of the dump, ns: read between the last task that is dumped and the first that goes on (dump_time_ns in
   * cr_dump_tasks). Undefined: CRIU before 3.14, or the tasks had a time namespace of their own.
   */
  readonly clock: bigint | undefined;
  /** The same by the clock of the tasks' own time namespace, which a restore gives them. */
  readonly ownClock?: bigint | undefined;
  /** Names of the log files that lie beside the images. */
  readonly logs: readonly string[];
  /** Something of it is damaged or missing; that a dump was not finished is not. */
  readonly partial: boolean;
  /** Everything that could not be read, one sentence each; the rest stands. */
  readonly problems: readonly Failure[];
}

export interface ImageInventory {
  /** 1 or 2; 2 stands for format 1.1. */
  readonly version: number;
  /** Since CRIU 4.2; also in the first line of dump.log. */
  readonly runId: string | undefined;
  readonly allowUprobes: boolean;
}

export interface ImageStats {
  readonly pagesWritten: bigint | undefined;
  readonly pagesInParent: bigint | undefined;
  readonly pagesLazy: bigint | undefined;
  readonly pagesRestored: bigint | undefined;
}

export interface ImageProcess {
  readonly pid: number;
  readonly parent: number | undefined;
  /** Raw bytes as latin1: hostile. */
  readonly comm: string | undefined;
  readonly threads: readonly ImageThread[];
  /** "x86_64", "aarch64", ... of core_entry.mtype. */
  readonly machine: string | undefined;
  /** A zombie or dead task has no memory. */
  readonly dead: boolean;
  /** In address order; undefined: no mm image could be read. */
  readonly areas: readonly ImageArea[] | undefined;
  readonly auxv: Auxv | undefined;
  /** 32-bit: by the registers' mode, or by the packing of the saved auxv. */
  readonly compat: boolean | undefined;
  readonly pageSize: number;
  /** Pages by start of the area, for areas that may hold a vDSO; undefined entries: the dump has no such page. */
  readonly pages: ReadonlyMap<bigint, readonly (Uint8Array | undefined)[]>;
  /** Namespace numbers CRIU gave, e.g. time -> 5: equal within this image, no inode numbers. */
  readonly namespaces: ReadonlyMap<string, number>;
}

export interface ImageThread {
  readonly tid: number;
  readonly ip: bigint | undefined;
  readonly comm: string | undefined;
}

/** A vma_entry. Data pages that the kernel shows as [vvar] and [vvar_vclock] are one area since CRIU 4.1. */
export interface ImageArea extends AddressRange {
  readonly offset: bigint;
  readonly sharedMemoryId: bigint;
  /** PROT_* bits. */
  readonly protection: number;
  /** MAP_* bits. */
  readonly flags: number;
  /** What CRIU took it for; see status.ts. */
  readonly status: number;
  /** Bit N: MADV number N applies. */
  readonly advice: bigint;
}
