import { imageOf, isOtherImage } from '../pipeline/image.js';
import type { Judged } from '../report/process.js';

/** The same process at two moments. */
export interface Pair {
  readonly before: Judged;
  readonly after: Judged;
}

export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly onlyBefore: readonly Judged[];
  readonly onlyAfter: readonly Judged[];
}

/**
 * Finds which process of one side is which of the other: by pid, since CRIU restores the pid; a side with a single
 * process is meant to be compared with the single one of the other, whatever their pids. Pure.
 */
export const pair = (before: readonly Judged[], after: readonly Judged[]): Pairing => {
  const [one, other] = [before[0], after[0]];
  if (before.length === 1 && after.length === 1 && one !== undefined && other !== undefined) {
    return { pairs: [{ before: one, after: other }], onlyBefore: [], onlyAfter: [] };
  }
  const pidOf = ({ evidence }: Judged): number => evidence.process.pid;
  const byPid = new Map(after.map((judged) => [pidOf(judged), judged]));
  const pairs = before.flatMap((judged) => {
    const match = byPid.get(pidOf(judged));
    return match === undefined || isOther(judged, match) ? [] : [{ before: judged, after: match }];
  });
  const paired = new Set(pairs.map((match) => pidOf(match.before)));
  return {
    pairs,
    onlyBefore: before.filter((judged) => !paired.has(pidOf(judged))),
    onlyAfter: after.filter((judged) => !paired.has(pidOf(judged))),
  };
};

/** The pid was given to another program meanwhile: started later, and made by another exec. */
const isOther = (before: Judged, after: Judged): boolean => {
  const [one, other] = [before.evidence, after.evidence];
  const restarted = one.process.startTicks !== undefined && other.process.startTicks !== undefined;
  if (!restarted || one.process.startTicks === other.process.startTicks) return false;
  return isOtherImage(imageOf(one.auxv), imageOf(other.auxv));
};
