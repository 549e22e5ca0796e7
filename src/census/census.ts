import { baselines, type PageSet } from '../judge/baseline.js';
import type { JudgeContext } from '../judge/context.js';
import { judge } from '../judge/judge.js';
import type { Evidence } from '../model/evidence.js';
import { type Failure, failure, type Outcome, success } from '../model/failure.js';
import type { ProcContext } from '../proc/context.js';
import { isGone, listProcesses, sweep } from '../proc/sweep.js';
import type { Judged } from '../report/process.js';
import { judgeByKind } from './kinds.js';

/** Every process of the machine, or those asked for, judged in the light of all others. */
export interface Census {
  readonly judged: readonly Judged[];
  readonly pageSets: readonly PageSet[];
  /** One for each process that was asked for and is not there. */
  readonly problems: readonly Failure[];
}

/**
 * One sweep, judged. Those asked for by pid are read in full; everybody is read briefly. A process that ends on the
 * way is left out of a census of all, and is a problem where it was asked for.
 */
export const takeCensus = async (proc: ProcContext, pids: readonly number[] = []): Promise<Outcome<Census>> => {
  const listed = pids.length > 0 ? success([...new Set(pids)]) : listProcesses(proc);
  if (!listed.ok) return listed;
  const found: Evidence[] = [];
  const problems: Failure[] = [];
  for await (const chunk of sweep({ proc, pids: listed.value, depth: pids.length > 0 ? 'full' : 'census' }))
    for (const evidence of chunk) {
      if (!isGone(evidence)) found.push(evidence);
      else if (pids.length > 0)
        problems.push(
          failure('no-process', `There is no process ${evidence.process.pid}.`, 'See `ps -e` for those there are.'),
        );
    }
  return success({ ...judgeAll(found), problems });
};

/**
 * Judges each process; where page sets turn up that are not the host's own (containers of a Virtuozzo kernel), those
 * that use one are judged again, knowing that others share it.
 */
export const judgeAll = (
  found: readonly Evidence[],
): { readonly judged: readonly Judged[]; readonly pageSets: readonly PageSet[] } => {
  const first = judgeByKind();
  const alone = found.map((evidence): Judged => ({ evidence, verdict: first(evidence) }));
  const pageSets = baselines(alone);
  const context: JudgeContext = { baselines: pageSets, hostGivesVdso: givenVdso(alone) };
  const again = new Set(pageSets.filter(({ kind }) => kind !== 'host').flatMap(({ processes }) => processes));
  const isConcerned = ({ evidence, verdict }: Judged): boolean =>
    again.has(evidence.process.pid) || verdict.vdso === null;
  const judged = alone.some(isConcerned)
    ? alone.map((one) => (isConcerned(one) ? { ...one, verdict: judge(one.evidence, context) } : one))
    : alone;
  return { judged, pageSets };
};

/**
 * Does this host give a vDSO to a process of that ABI? Yes where any process has one; no where several are seen and
 * none has (vdso=0, vsyscall32=0): then its absence is nobody's doing.
 */
const givenVdso = (judged: readonly Judged[]): ReadonlyMap<string, boolean> => {
  const given = new Map<string, boolean>();
  const without = new Map<string, number>();
  for (const { verdict, evidence } of judged) {
    if (verdict.abi === undefined || evidence.vmas === undefined || !verdict.applicable) continue;
    if (verdict.vdso) given.set(verdict.abi, true);
    else if (verdict.vdso === null) without.set(verdict.abi, (without.get(verdict.abi) ?? 0) + 1);
  }
  for (const [abi, count] of without) if (!given.has(abi) && count >= ENOUGH) given.set(abi, false);
  return given;
};

const ENOUGH = 3;
