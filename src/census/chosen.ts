import type { PageSet } from '../judge/baseline.js';
import { judge } from '../judge/judge.js';
import type { Evidence } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import type { ProcContext } from '../proc/host.js';
import { noProcess } from '../proc/no-process.js';
import { sweep } from '../proc/sweep.js';
import { isGone } from '../proc/unread.js';
import { learnOfOthers } from './others.js';

/** The processes somebody asked for, read in full. */
export interface Chosen {
  readonly judged: readonly Judged[];
  readonly pageSets: readonly PageSet[];
  /** One for each named process that is not there. */
  readonly problems: readonly Failure[];
}

/** `named`: those of them whose absence is worth a word; one that was only found below another may have ended since. */
export const readChosen = async (
  proc: ProcContext,
  pids: readonly number[],
  named: readonly number[] = pids,
): Promise<Chosen> => {
  const found: Evidence[] = [];
  const problems: Failure[] = [];
  for await (const chunk of sweep({ proc, pids: [...new Set(pids)], depth: 'full' }))
    for (const evidence of chunk) {
      if (!isGone(evidence)) found.push(evidence);
      else if (named.includes(evidence.process.pid)) problems.push(noProcess(evidence.process.pid, proc.files));
    }
  return { ...judgeAll(found), problems };
};

/** Judges each process, and again in the light of the others where they say something about it. */
export const judgeAll = (found: readonly Evidence[]): Pick<Chosen, 'judged' | 'pageSets'> => {
  const alone = found.map((evidence): Judged => ({ evidence, verdict: judge(evidence) }));
  const { pageSets, context, isConcerned } = learnOfOthers(alone);
  const judged = alone.map((one) => (isConcerned(one) ? { ...one, verdict: judge(one.evidence, context) } : one));
  return { judged, pageSets };
};
