import type { Judged } from '../model/judged.js';
import { imageOf, isOtherImage } from '../pipeline/image.js';

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
 * Finds which process of one side is which of the other: by pid, since CRIU restores the pid, which in a container is
 * that of its pid namespace, while our numbers are new; a side with a single process is meant to be compared with the
 * single one of the other, whatever their pids. Pure.
 */
export const pair = (before: readonly Judged[], after: readonly Judged[]): Pairing => {
  const [one, other] = [before[0], after[0]];
  if (before.length === 1 && after.length === 1 && one !== undefined && other !== undefined) {
    return { pairs: [{ before: one, after: other }], onlyBefore: [], onlyAfter: [] };
  }
  const outside = pairBy(pidOf, before, after, areSameInside);
  const inside = pairBy(insideOf, outside.onlyBefore, outside.onlyAfter, () => true);
  return { ...inside, pairs: inOrder([...outside.pairs, ...inside.pairs], before) };
};

const pidOf = ({ evidence }: Judged): number => evidence.process.pid;
const insideOf = ({ evidence }: Judged): number => evidence.process.insidePid ?? evidence.process.pid;

/** A container's number of ours may have gone to another process of it. */
const areSameInside = ({ evidence: one }: Judged, { evidence: other }: Judged): boolean =>
  one.process.insidePid === undefined ||
  other.process.insidePid === undefined ||
  one.process.insidePid === other.process.insidePid;

const pairBy = (
  numberOf: (judged: Judged) => number,
  before: readonly Judged[],
  after: readonly Judged[],
  mayBe: (before: Judged, after: Judged) => boolean,
): Pairing => {
  const left = new Map<number, Judged[]>();
  for (const judged of after) left.set(numberOf(judged), [...(left.get(numberOf(judged)) ?? []), judged]);
  const pairs: Pair[] = [];
  for (const judged of before) {
    // Two containers have a process 1 each.
    const candidates = left.get(numberOf(judged)) ?? [];
    const match = candidates.find((candidate) => mayBe(judged, candidate) && !isOther(judged, candidate));
    if (match === undefined) continue;
    pairs.push({ before: judged, after: match });
    left.set(
      numberOf(judged),
      candidates.filter((candidate) => candidate !== match),
    );
  }
  const paired = new Set(pairs.flatMap((match) => [match.before, match.after]));
  return {
    pairs,
    onlyBefore: before.filter((judged) => !paired.has(judged)),
    onlyAfter: after.filter((judged) => !paired.has(judged)),
  };
};

const inOrder = (pairs: readonly Pair[], before: readonly Judged[]): readonly Pair[] => {
  const place = new Map(before.map((judged, index) => [judged, index]));
  return [...pairs].sort((one, other) => (place.get(one.before) ?? 0) - (place.get(other.before) ?? 0));
};

/** The pid was given to another program meanwhile: started later, and made by another exec. */
const isOther = (before: Judged, after: Judged): boolean => {
  const [one, other] = [before.evidence, after.evidence];
  const restarted = one.process.startTicks !== undefined && other.process.startTicks !== undefined;
  if (!restarted || one.process.startTicks === other.process.startTicks) return false;
  return isOtherImage(imageOf(one.auxv), imageOf(other.auxv));
};
