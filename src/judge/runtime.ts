import { sizeOf } from '../model/vma.js';
import { vvarBlock } from './layout.js';
import type { Opinion } from './opinion.js';
import type { Space } from './space.js';
import type { Traits } from './traits.js';

/**
 * A runtime vDSO whose bytes nobody read: what CRIU leaves after a proxy restore lies in the first gap above
 * mmap_min_addr with its vvar before it (criu/cr-restore.c, bootstrap area), its first page written, while auxv still
 * names the dumped copy, which has no name. All of it together happens by no other way that is known.
 */
export const looksLikeRuntime = (
  space: Space,
  genuine: readonly Opinion[],
): { readonly runtime: Traits; readonly proxy: Traits } | undefined => {
  const [only] = genuine;
  if (only === undefined || genuine.length > 1 || space.auxvVdso === undefined) return undefined;
  const runtime = only.traits;
  // Bytes without a mark: there is none, or no longer (madvise(MADV_DONTNEED) brings the kernel's page back).
  if (!runtime.named || runtime.content !== undefined || runtime.vma.start >= LOW) return undefined;
  if (!isFirstPageAloneWritten(space, runtime)) return undefined;
  if (vvarBlock(space, runtime.vma) === undefined) return undefined;
  const proxy = space.traits.find(({ atAuxv }) => atAuxv);
  if (proxy === undefined || !proxy.fileless || proxy.vma.name !== '' || !proxy.vma.execute) return undefined;
  if (proxy.content === 'other' || sizeOf(proxy.vma) > LARGEST_PROXY) return undefined;
  return { runtime, proxy };
};

/** By pagemap; where nobody read it, smaps says that one page was written, if not which. */
const isFirstPageAloneWritten = ({ pageSize }: Space, { pages, smaps }: Traits): boolean => {
  if (pages.length > 0) return pages[0]?.state === 'copied' && !pages.slice(1).some(({ state }) => state === 'copied');
  return smaps?.anonymous !== undefined && (smaps.anonymous + (smaps.swap ?? 0)) * 1024 === Number(pageSize);
};

/**
 * Could it be a runtime vDSO, as far as the evidence goes? Its bytes would tell; without them only a first page that is
 * the kernel's own, a high address or the auxv address rule it out.
 */
export const mayBeRuntime = (space: Space, traits: Traits): boolean =>
  traits.content === undefined &&
  traits.vma.start < LOW &&
  !traits.atAuxv &&
  (traits.pages[0] === undefined || traits.pages[0].state === 'copied' || traits.pages[0].state === 'unknown') &&
  vvarBlock(space, traits.vma) !== undefined;

/** The restorer blob and its arguments take up to some hundred KiB from 0x10000 on. */
const LOW = 0x400000n;
const LARGEST_PROXY = 0x100000n;
