import type { Verdict } from '../../model/verdict.js';
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
}

export const runOf = (space: Space, verdict: Verdict, version: CriuVersion): Run => ({
  space,
  verdict,
  judged: verdict.mappings.flatMap((mapping) => {
    const traits = space.traits.find(({ vma }) => vma.start === mapping.start && vma.end === mapping.end);
    return traits === undefined ? [] : [{ traits, verdict: mapping }];
  }),
  version,
  compat: space.abi !== undefined && space.abi !== space.evidence.host.machine,
});
