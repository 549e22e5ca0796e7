import { readElfImage } from '../../elf/image.js';
import type { Loss } from '../../model/verdict.js';
import type { CriuEntry } from '../criu/entry.js';
import type { Fixed } from '../criu/fixup.js';
import { compareImage } from '../criu/pristine.js';
import { criuAtLeast } from '../criu/version.js';
import { atLeast } from '../release.js';
import type { RestoreOutcome } from './outcome.js';
import type { Run } from './run.js';

/**
 * What is different after a restore that works, without a word in the log: in place, the kernel's own pages and r-x
 * come back whatever was there; memory that only begins like a runtime vDSO is not dumped. Undefined: not known.
 */
export const lossOf = (run: Run, fixed: Fixed, { restore, vdso }: RestoreOutcome): readonly Loss[] | undefined => {
  if (restore !== 'in-place' && restore !== 'proxy' && restore !== 'none') return undefined;
  const losses: Loss[] = [];
  if (restore === 'in-place' && vdso !== undefined) {
    const truth = run.judged.find(({ verdict }) => verdict.start === vdso.start)?.verdict.class;
    if (truth === 'genuine') {
      const modified = run.verdict.vdso?.modifiedPages;
      if (modified === undefined) return undefined;
      // A page that was copied and holds the same bytes is no loss.
      if (modified.length > 0 && run.written?.length !== 0) losses.push('vdso-content');
    }
    if (truth === 'criu-proxy' && proxyWritten(run, vdso)) losses.push('vdso-content');
    // What was not writable is given back as it was (the last loop over the mappings, criu/pie/restorer.c).
    if (vdso.write) losses.push('permissions');
  }
  // A vDSO that is not both readable and executable is dumped as plain memory, which has no page of the kernel's.
  const plain = fixed.entries.find(({ start, vdso: taken }) => start === run.verdict.vdso?.start && !taken);
  const isCut = plain === undefined ? false : leavesPagesOut(run, plain);
  if (isCut === undefined) return undefined;
  if (isCut) losses.push('vdso-content');
  const runtimes = new Set(
    run.judged.filter(({ verdict }) => verdict.class === 'criu-runtime').map(({ verdict }) => verdict.start),
  );
  // Files have no entry; the first dropped entry is the one with the mark.
  const [marked] = fixed.dropped;
  if (marked !== undefined && !runtimes.has(marked.start)) losses.push('memory');
  return losses;
};

/**
 * Which pages of plain memory a dump holds: with PAGEMAP_SCAN (Linux 6.7, CRIU 4.0) those that are no file's, and the
 * kernel's own count as a file's; before, and elsewhere, all that are present (should_dump_page, criu/mem.c).
 */
const leavesPagesOut = ({ space, verdict, judged, version }: Run, { start, end }: CriuEntry): boolean | undefined => {
  const scans = criuAtLeast(version, 4, 0) ? atLeast(space.release, 6, 7) : false;
  if (scans === undefined) return undefined;
  const total = Number((end - start) / space.pageSize);
  const modified = verdict.vdso?.modifiedPages;
  if (scans) return modified === undefined ? undefined : modified.length !== total;
  const pages = judged.find((one) => one.verdict.start === start)?.traits.pages ?? [];
  if (pages.some(({ state }) => state === 'absent')) return true;
  return pages.length < total || pages.some(({ state }) => state === 'unknown') ? undefined : false;
};

/** What was written into the vDSO before it became a proxy; not the jumps that make it one. */
const proxyWritten = ({ space, pristine }: Run, { start }: CriuEntry): boolean => {
  const bytes = space.evidence.bytes.get(start);
  const elf = bytes && readElfImage(bytes);
  const comparison = bytes && elf && compareImage(bytes, elf, pristine, Number(space.pageSize));
  return comparison !== undefined && comparison.changed.length > 0;
};
