import { baselines, type PageSet } from '../judge/baseline.js';
import type { JudgeContext } from '../judge/context.js';
import type { Evidence } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';

/** A process judged by itself, as far as it tells something about the others. */
export interface Alone {
  readonly evidence: Pick<Evidence, 'host' | 'namespaces' | 'vmas'> & { readonly process: { readonly pid: number } };
  readonly verdict: Pick<Verdict, 'vdso' | 'abi' | 'applicable'>;
}

/** What the processes of a host say about each other. */
export interface Others {
  readonly pageSets: readonly PageSet[];
  readonly context: JudgeContext;
  /**
   * Is it to be judged again, now that the others are known? Where page sets turn up that are not the host's own
   * (containers of a Virtuozzo kernel), those that use one are; and those without a vDSO.
   */
  readonly isConcerned: (one: Alone) => boolean;
}

/** `all`: the processes of one host. */
export const learnOfOthers = (all: readonly Alone[]): Others => {
  const pageSets = baselines(all);
  const again = new Set(pageSets.filter(({ kind }) => kind !== 'host').flatMap(({ processes }) => processes));
  return {
    pageSets,
    context: { baselines: pageSets, hostGivesVdso: givenVdso(all) },
    isConcerned: ({ evidence, verdict }) => verdict.vdso === null || again.has(evidence.process.pid),
  };
};

/**
 * Does this host give a vDSO to a process of that ABI? Yes where any process has one; no where several are seen and
 * none has (vdso=0, vsyscall32=0): then its absence is nobody's doing.
 */
const givenVdso = (alone: readonly Alone[]): ReadonlyMap<string, boolean> => {
  const given = new Map<string, boolean>();
  const without = new Map<string, number>();
  for (const { verdict, evidence } of alone) {
    if (verdict.abi === undefined || evidence.vmas === undefined || !verdict.applicable) continue;
    if (verdict.vdso) given.set(verdict.abi, true);
    else if (verdict.vdso === null) without.set(verdict.abi, (without.get(verdict.abi) ?? 0) + 1);
  }
  for (const [abi, count] of without) if (!given.has(abi) && count >= ENOUGH) given.set(abi, false);
  return given;
};

const ENOUGH = 3;
