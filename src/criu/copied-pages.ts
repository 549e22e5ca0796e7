import { criuAtLeast, parseCriuVersion } from '../judge/criu/version.js';
import { atLeast, parseRelease } from '../judge/release.js';
import { sizeOf } from '../model/vma.js';
import type { ImageLook, Logs } from './image-look.js';
import type { ImageSet } from './image-set.js';
import { hasStatus } from './status.js';

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
