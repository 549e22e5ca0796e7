import { type ElfImage, mappedPages, readElfImage } from '../elf/image.js';
import { type Comparison, compareImage, type Pristine } from '../judge/criu/pristine.js';
import { criuAtLeast, parseCriuVersion } from '../judge/criu/version.js';
import { atLeast, parseRelease } from '../judge/release.js';
import type { Evidence } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';
import { sizeOf } from '../model/vma.js';
import type { ImageArea, ImageProcess, ImageSet } from './image-set.js';
import type { CriuLog, LogFinding, LogProcess } from './log/log.js';
import { hasStatus } from './status.js';

/** One process of an image, judged, with everything its checks look at. */
export interface ImageLook {
  readonly process: ImageProcess;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  /** What CRIU took for the vDSO and for vvar, in address order. */
  readonly took: { readonly vdso: readonly ImageArea[]; readonly vvar: readonly ImageArea[] };
  /** The vDSO a restore would use: the last one CRIU took, its bytes and what they parse to. */
  readonly dumped: DumpedVdso | undefined;
  /** Of the vDSO itself, by the verdict, which CRIU may not have taken for it. */
  readonly genuine: Comparison | undefined;
  readonly logged: LogProcess | undefined;
  /** Lines of the logs about this process. */
  readonly dumpLines: readonly LogFinding[];
  readonly restoreLines: readonly LogFinding[];
}

export interface DumpedVdso {
  readonly area: ImageArea;
  readonly bytes: Uint8Array | undefined;
  readonly elf: ElfImage | undefined;
  /** Against the kernel's own image; undefined: that is not known. */
  readonly comparison: Comparison | undefined;
}

export interface Logs {
  readonly dump: CriuLog | undefined;
  readonly restore: CriuLog | undefined;
}

/** `logged`: the process as dump.log lists it; `known`: vDSO images that the dumped one is held against. */
export const lookAt = (
  process: ImageProcess,
  evidence: Evidence,
  verdict: Verdict,
  logged: LogProcess | undefined,
  logs: Logs,
  known: readonly Pristine[],
): ImageLook => {
  const areas = process.areas ?? [];
  const vdso = areas.filter(({ status }) => hasStatus(status, 'vdso'));
  const area = vdso.at(-1);
  const bytes = area && (evidence.bytes.get(area.start) ?? process.pages.get(area.start)?.[0]);
  const compare = (start: bigint | undefined): Comparison | undefined => {
    const content = start === undefined ? undefined : evidence.bytes.get(start);
    const image = content && readElfImage(content);
    return content && image && compareImage(content, image, known, process.pageSize);
  };
  const own = (log: CriuLog | undefined) => log?.findings.filter(({ pid }) => pid === process.pid) ?? [];
  return {
    process,
    evidence,
    verdict,
    took: { vdso, vvar: areas.filter(({ status }) => hasStatus(status, 'vvar')) },
    dumped: area && { area, bytes, elf: bytes && readElfImage(bytes), comparison: compare(area.start) },
    genuine: compare(verdict.vdso?.start),
    logged,
    dumpLines: own(logs.dump),
    restoreLines: own(logs.restore),
  };
};

/**
 * Of the kernel's image, of which the dump may hold a piece (a vDSO that was split), or more (a proxy that grew together
 * with what lies behind it). Bytes.
 */
export const wholeSize = ({ area, elf, comparison }: DumpedVdso, pageSize: number): bigint => {
  if (comparison !== undefined) return BigInt(comparison.pristine.length);
  const pages = elf && mappedPages(elf, pageSize);
  return pages === undefined ? sizeOf(area) : BigInt(pages * pageSize);
};

/**
 * A vDSO that CRIU did not take for one is dumped as plain memory. By PAGEMAP_SCAN (Linux 6.7, CRIU 4.0) it then asks
 * for pages that are no file's, as the kernel's own are: those of it that are in the image are copies, and the others
 * are not (criu/mem.c; measured with 4.2 on 6.18). Undefined where that does not hold, or not every page is known.
 */
export const copiedPages = (look: ImageLook, set: ImageSet, { dump }: Logs): readonly number[] | undefined => {
  const { process, verdict } = look;
  const { vdso } = verdict;
  const area = process.areas?.find(({ start }) => start === vdso?.start);
  if (area === undefined || area.end !== vdso?.end || hasStatus(area.status, 'vdso')) return undefined;
  const version = parseCriuVersion(dump?.version ?? '');
  if (version === undefined || !criuAtLeast(version, 4, 0)) return undefined;
  if (atLeast(parseRelease(dump?.release), 6, 7) !== true) return undefined;
  // Pages may be missing because a file is damaged, or because they were left with a page server.
  if (set.partial || (set.stats.pagesLazy ?? 0n) > 0n) return undefined;
  const pages = process.pages.get(area.start);
  if (pages?.length !== Number(sizeOf(area) / BigInt(process.pageSize))) return undefined;
  return pages.flatMap((page, index) => (page === undefined ? [] : [index]));
};
