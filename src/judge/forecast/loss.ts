import { readElfImage } from '../../elf/image.js';
import type { Loss } from '../../model/verdict.js';
import { sizeOf } from '../../model/vma.js';
import type { CriuEntry } from '../criu/entry.js';
import type { Fixed } from '../criu/fixup.js';
import { compareImage } from '../criu/pristine.js';
import { criuAtLeast } from '../criu/version.js';
import { atLeast } from '../release.js';
import { lossRule } from './aftermath.js';
import type { RestoreOutcome } from './outcome.js';
import type { Run } from './run.js';

/** What is silently different after the restore: the rule over what is known of the process. */
export const lossOf = (run: Run, fixed: Fixed, { restore, vdso }: RestoreOutcome): readonly Loss[] | undefined => {
  // A vDSO that is not both readable and executable is dumped as plain memory.
  const plain = fixed.entries.find(({ start, vdso: taken }) => start === run.verdict.vdso?.start && !taken);
  return lossRule(restore, {
    written: vdso === undefined ? false : isWritten(run, vdso),
    writable: vdso?.write === true,
    cut: plain === undefined ? false : leavesPagesOut(run, plain),
    leftOut: leavesMemoryOut(run, fixed),
  });
};

const isWritten = (run: Run, vdso: CriuEntry): boolean | undefined => {
  const truth = run.judged.find(({ verdict }) => verdict.start === vdso.start)?.verdict.class;
  if (truth === 'criu-proxy') return proxyWritten(run, vdso);
  const modified = truth === 'genuine' ? run.verdict.vdso?.modifiedPages : [];
  // A page that was copied and holds the same bytes is no loss.
  return modified && modified.length > 0 && run.written?.length !== 0;
};

/** Files have no entry; the first dropped entry is the one with the mark. */
const leavesMemoryOut = ({ judged }: Run, { dropped: [marked] }: Fixed): boolean =>
  marked !== undefined &&
  !judged.some(({ verdict }) => verdict.class === 'criu-runtime' && verdict.start === marked.start);

/**
 * Which pages of plain memory a dump holds: with PAGEMAP_SCAN (Linux 6.7, CRIU 4.0) those that are no file's, and the
 * kernel's own count as a file's; before, and elsewhere, all that are present (should_dump_page, criu/mem.c).
 */
const leavesPagesOut = ({ space, verdict, judged, version }: Run, plain: CriuEntry): boolean | undefined => {
  const scans = criuAtLeast(version, 4, 0) ? atLeast(space.release, 6, 7) : false;
  if (scans === undefined) return undefined;
  const total = Number(sizeOf(plain) / space.pageSize);
  const modified = verdict.vdso?.modifiedPages;
  if (scans) return modified === undefined ? undefined : modified.length !== total;
  const pages = judged.find((one) => one.verdict.start === plain.start)?.traits.pages ?? [];
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
