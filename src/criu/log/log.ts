import type { Vma } from '../../model/vma.js';

/** What a dump.log or restore.log tells about vDSOs. Pure data; `readLog` makes it. */
export interface CriuLog {
  readonly kind: LogKind;
  /** "4.2"; undefined when the first lines are missing. */
  readonly version: string | undefined;
  /** Same as in inventory.img of that dump (CRIU 4.2 and later). */
  readonly runId: string | undefined;
  /** Of a restore: that of the dump which made its images. */
  readonly imagesRunId: string | undefined;
  /** When its file was written last: Unix, ns; copying may make it later. Undefined: not asked. */
  readonly written?: bigint | undefined;
  /** uname -r and -m of the host it ran on. */
  readonly release: string | undefined;
  readonly machine: string | undefined;
  readonly ended: 'success' | 'failure' | undefined;
  /** The first line of level error that can be the cause of a failure, escaped. */
  readonly firstError: string | undefined;
  readonly processes: readonly LogProcess[];
  /** In the order of the lines. */
  readonly findings: readonly LogFinding[];
  /** True when the log is longer than is read. */
  readonly cut: boolean;
}

export type LogKind = 'dump' | 'restore' | 'unknown';

export interface LogFinding {
  /** From 1. */
  readonly line: number;
  /** Stable kebab-case word, see the rules. */
  readonly code: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** Printed in every log, says nothing by itself. */
  readonly routine: boolean;
  /** Process it is about, by its number in the image; undefined: CRIU itself, or not known. */
  readonly pid: number | undefined;
  /** Start of the mapping, or the address, it is about. */
  readonly address: bigint | undefined;
  /** The line without its time, escaped. */
  readonly text: string;
  readonly meaning: string;
  /** Values of the line in CRIU's order, as printed. */
  readonly values: readonly string[];
}

/** A task as dump.log shows it. */
export interface LogProcess {
  /** Number in the dumped pid namespace, which names the images. */
  readonly pid: number;
  /** Number CRIU saw; differs from `pid` for a container. */
  readonly realPid: number;
  /** Raw bytes as latin1: hostile. */
  readonly comm: string;
  /** Mappings with the kernel's names, as smaps had them at the dump. */
  readonly vmas: readonly Vma[];
  /** False when the dump stopped before the last mapping. */
  readonly vmasComplete: boolean;
  /**
   * Status CRIU gave code and vvar mappings when it had read smaps, and after its checks (it prints the list twice,
   * criu/util.c); by start address.
   */
  readonly statusBefore: ReadonlyMap<bigint, number>;
  readonly statusAfter: ReadonlyMap<bigint, number>;
}

const NS_PER_SECOND = 1_000_000_000n;

/** What a restore added to the boot clock for its tasks, ns; undefined: below -v4, or before CRIU 3.14. */
export const clockShift = ({ findings }: CriuLog): bigint | undefined => {
  const [seconds, part] = findings.find(({ code }) => code === 'boot-clock')?.values ?? [];
  return seconds === undefined || part === undefined ? undefined : BigInt(seconds) * NS_PER_SECOND + BigInt(part);
};

/** Number that a restore gave to a process of the images, as CRIU saw it; undefined: below -v4, or never begun. */
export const restoredAs = ({ findings }: CriuLog, pid: number): number | undefined => {
  const [real] =
    findings.find(({ code, values }) => code === 'restored-pid' && values[1] === String(pid))?.values ?? [];
  return real === undefined ? undefined : Number(real);
};
