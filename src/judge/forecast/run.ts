import type { Verdict } from '../../model/verdict.js';
import { differences, type Pristine, pristineLike } from '../criu/pristine.js';
import type { CriuVersion } from '../criu/version.js';
import type { Judgement } from '../mappings.js';
import type { Space } from '../space.js';

/** A forecast in the making. */
export interface Run {
  readonly space: Space;
  readonly verdict: Verdict;
  readonly judged: readonly Judgement[];
  readonly version: CriuVersion;
  /** 32-bit task on a 64-bit kernel. */
  readonly compat: boolean;
  /** Images of the kernel it runs on and is restored on, as far as they are known. */
  readonly pristine: readonly Pristine[];
  /** Offsets at which the bytes of the vDSO are others than the kernel's; undefined where either are not known. */
  readonly written: readonly number[] | undefined;
}

/** `pristine`: images of the kernel to be restored on; none: what was written cannot be told. */
export const runOf = (
  space: Space,
  verdict: Verdict,
  version: CriuVersion,
  pristine: readonly Pristine[] = [],
): Run => ({
  space,
  verdict,
  judged: verdict.mappings.flatMap((mapping) => {
    const traits = space.traits.find(({ vma }) => vma.start === mapping.start && vma.end === mapping.end);
    return traits === undefined ? [] : [{ traits, verdict: mapping }];
  }),
  version,
  written: writtenOf(space, verdict, pristine),
  pristine,
  compat: space.abi !== undefined && space.abi !== space.evidence.host.machine,
});

const writtenOf = ({ evidence }: Space, { vdso }: Verdict, pristine: readonly Pristine[]): Run['written'] => {
  const bytes = vdso ? evidence.bytes.get(vdso.start) : undefined;
  const own = bytes && pristineLike(bytes, vdso?.image, pristine);
  return bytes && own && differences(bytes, own);
};

/** Is that offset in, or right beside, what was written? A restore in place then puts other code under the thread. */
export const standsIn = (offset: bigint, written: readonly number[]): boolean =>
  written.some((at) => Math.abs(at - Number(offset)) < NEAR);

const NEAR = 32;
