import type { PageSet } from '../judge/baseline.js';
import { judge } from '../judge/judge.js';
import { type Kind, kindFrom, movedVerdict, startOf } from '../judge/kind.js';
import { findKinds } from '../judge/kinds.js';
import type { Evidence } from '../model/evidence.js';
import { type Outcome, success } from '../model/failure.js';
import type { Likeness, Told } from '../model/judged.js';
import type { ProcContext } from '../proc/host.js';
import { listProcesses, sweep } from '../proc/sweep.js';
import { isGone } from '../proc/unread.js';
import { type Alone, learnOfOthers } from './others.js';

/** Every process of the machine, judged in the light of all others. A process that ends on the way is left out. */
export interface Census {
  readonly count: number;
  /** In the order of the sweep. Each pass makes them anew. */
  readonly processes: Iterable<Told>;
  readonly pageSets: readonly PageSet[];
}

/** Fails when /proc cannot be listed. */
export const takeCensus = async (proc: ProcContext): Promise<Outcome<Census>> => {
  const pids = listProcesses(proc);
  if (!pids.ok) return pids;
  const tally = startTally();
  for await (const chunk of sweep({ proc, pids: pids.value }))
    for (const evidence of chunk) if (!isGone(evidence)) tally.add(evidence);
  return success(tally.census());
};

/**
 * Of each process is kept what is its own, 0.1 KB, and the kind it is of; its verdict is made when it is asked for. Kept
 * whole, evidence and verdict were 3 KB, which at ten thousand processes cost 15 us of CPU time for each, to copy them
 * from one generation of the heap to the next and to have memory for them.
 */
interface Seen {
  readonly pid: number;
  readonly comm: string | undefined;
  readonly kind: Kind;
  /** How far its addresses are from those of the one of its kind that was judged. */
  readonly by: bigint;
}

/** A census, process by process. */
export const startTally = (): { readonly add: (evidence: Evidence) => void; readonly census: () => Census } => {
  const kindOf = findKinds();
  const all: Seen[] = [];
  return {
    add: (evidence) => {
      const kind = kindOf(evidence);
      const { pid, comm } = evidence.process;
      all.push({ pid, comm, kind, by: startOf(evidence) - kind.start });
    },
    census: () => inTheLightOfOthers(all),
  };
};

/** What a process of a known kind learns of the others, all of the kind learn: nothing of it hangs on an address. */
const inTheLightOfOthers = (all: readonly Seen[]): Census => {
  const alone = all.map(byItself);
  const { pageSets, context, isConcerned } = learnOfOthers(alone);
  const again = new Set(alone.filter(isConcerned).map(({ kind }) => kind));
  const likenesses = new Map<Kind, KindTold>();
  const toldOf = (kind: Kind): KindTold => {
    const known = likenesses.get(kind);
    if (known !== undefined) return known;
    const made = tellKind(again.has(kind) ? kindFrom(kind.evidence, judge(kind.evidence, context)) : kind);
    likenesses.set(kind, made);
    return made;
  };
  return {
    count: all.length,
    pageSets,
    processes: {
      *[Symbol.iterator]() {
        for (const { pid, comm, kind, by } of all) yield toldOf(kind)(pid, comm, by);
      },
    },
  };
};

const byItself = ({ pid, kind }: Seen): Alone & { readonly kind: Kind } => {
  const { host, namespaces, vmas } = kind.evidence;
  return { evidence: { host, namespaces, vmas, process: { pid } }, verdict: kind.verdict, kind };
};

type KindTold = (pid: number, comm: string | undefined, by: bigint) => Told;

const tellKind = (kind: Kind): KindTold => {
  const { source, vmas, namespaces, unread, process } = kind.evidence;
  const { kernelThread } = process;
  const told: KindTold = (pid, comm, by) => ({
    evidence: { source, process: { pid, comm, kernelThread }, vmas, namespaces, unread },
    // Few are asked for it: what is told of most is told of their likeness.
    get verdict() {
      return movedVerdict(kind, by);
    },
    alike: { likeness, by },
  });
  const likeness: Likeness = { placed: (by) => told(0, undefined, by) };
  return told;
};
