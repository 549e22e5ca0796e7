import type { VdsoVerdict } from '../model/verdict.js';
import { type AddressRange, permissionsOf } from '../model/vma.js';
import { imageRange, vvarAttached, vvarBlock } from './layout.js';
import type { Judgement } from './mappings.js';
import { modifiedPages } from './modified.js';
import { isMoved } from './moved.js';
import { isUserMode } from './naming.js';
import type { Space } from './space.js';
import { imageIndex, type Traits } from './traits.js';

/**
 * The pieces of the vDSO that lie side by side. A process has one vDSO; where a kernel lets it be split (before 5.11)
 * and a piece was moved away, the run with the image's first page counts, else the lowest.
 */
export const vdsoPieces = (space: Space, judged: readonly Judgement[]): readonly Judgement[] => {
  const runs: Judgement[][] = [];
  for (const one of judged) {
    if (one.verdict.class !== 'genuine' && one.verdict.class !== 'criu-runtime') continue;
    const last = runs.at(-1);
    if (last !== undefined && last.at(-1)?.verdict.end === one.verdict.start) last.push(one);
    else runs.push([one]);
  }
  const beginsImage = (run: readonly Judgement[]): boolean => {
    const first = run[0]?.traits;
    return (
      first !== undefined && (first.elf !== undefined || first.mark !== undefined || imageIndex(first)?.first === 0)
    );
  };
  const touchesVvar = (run: readonly Judgement[]): boolean => vvarBlock(space, rangeOf(run)) !== undefined;
  return runs.find(beginsImage) ?? runs.find(touchesVvar) ?? runs[0] ?? [];
};

const rangeOf = (run: readonly Judgement[]): AddressRange => ({
  start: run[0]?.verdict.start ?? 0n,
  end: run.at(-1)?.verdict.end ?? 0n,
});

export const describeVdso = (space: Space, run: readonly Judgement[]): VdsoVerdict | undefined => {
  const [first] = run;
  if (first === undefined) return undefined;
  const traits = run.map((one) => one.traits);
  const range = rangeOf(run);
  const image = imageRange(space, traits);
  return {
    start: range.start,
    end: range.end,
    image: imageOf(space, traits, first.verdict.class === 'criu-runtime'),
    // The runtime vDSO of a proxy was never given to the program: no place to have moved from.
    moved: first.verdict.class === 'criu-runtime' ? undefined : isMoved(space, traits, image).moved,
    modifiedPages: modifiedPages(space, traits),
    vvarAttached: vvarAttached(space, range, image).attached,
    sealed: first.traits.smaps?.flags?.has('sl'),
    permissions: permissionsOf(first.traits.vma),
    frames: traits.flatMap(({ pages }) => pages.map(({ state, frame }) => (state === 'kernel' ? frame : undefined))),
  };
};

/**
 * The image says it itself; else a frame of a known page set; else a process has the image of its own ABI. Only on
 * x86-64 (not under User-Mode Linux) can it have another, which ARCH_MAP_VDSO_32 (4.9) puts where a 32-bit image goes:
 * low, and not where auxv says.
 */
const imageOf = (space: Space, pieces: readonly Traits[], restored: boolean): string | undefined => {
  for (const { elf } of pieces) if (elf?.image !== undefined) return elf.image;
  for (const piece of pieces) {
    const place = imageIndex(piece);
    if (place !== undefined) return place.image;
  }
  const last = pieces.at(-1);
  const low = last !== undefined && last.vma.end <= FOUR_GIB && !pieces.some(({ atAuxv }) => atAuxv);
  const mayBeOther = space.abi === 'x86_64' && !isUserMode(space.evidence, space.vmas);
  return mayBeOther && low && !restored ? undefined : space.abi;
};

const FOUR_GIB = 0x1_0000_0000n;
