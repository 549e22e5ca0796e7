import { ascending } from '../../model/ascending.js';
import type { Moment } from '../../model/chapter.js';
import type { Dumped } from '../recording/life.js';
import { outcomeOf } from './outcome.js';
import { areOtherHosts, areOtherKernels } from './same.js';
import { asAt, asDumped, asRestored, dumpTime, isAfterDump, isAfterImages, sameDump, seenDump } from './seen-dump.js';
import { byMaking, type Witness } from './witness.js';

/** A witness with the part it plays in the story of its process. */
export interface Role {
  readonly role: Moment['role'];
  readonly witness: Witness;
  /** The dump that made the images, in the recording that saw it. */
  readonly dumped?: Dumped | undefined;
  /** The same to the end of the recording, where the witness is cut down to what it was at the dump, or the restore. */
  readonly whole?: Witness | undefined;
}

/** Which of them saw the process before a dump, which after it; in the order in which it happened, as far as is known. */
export const rolesOf = (witnesses: readonly Witness[]): readonly Role[] => {
  const image = witnesses.find(({ criu }) => criu !== undefined);
  const live = witnesses.filter(({ criu, judged }) => criu === undefined && judged.evidence.source !== 'core');
  const seen = image && seenDump(live, image);
  return witnesses
    .map((witness): Role => {
      if (witness.criu !== undefined) return { role: 'dump', witness };
      if (witness.judged.evidence.source === 'core') return { role: 'crash', witness };
      const dumped = seen && sameDump(witness, seen);
      if (dumped !== undefined)
        return { role: 'before', witness: asDumped(dumped), whole: witness, dumped: dumped.dump };
      const after = seen === undefined ? image && isAfterImages(witness, image) : isAfterDump(witness, seen);
      if (!(after ?? isAfter(witness, live, image))) return before(witness, image);
      return { role: 'after', witness: asRestored(witness), whole: witness };
    })
    .sort(
      (one, other) => ORDER[one.role] - ORDER[other.role] || byDumped(one, other) || byTime(one.witness, other.witness),
    );
};

/** A recording that goes on after a dump it did not see tells of the time after it, too. */
const before = (witness: Witness, image: Witness | undefined): Role => {
  const time = image && dumpTime(image, witness);
  const then = time === undefined ? witness : asAt(witness, time);
  return then === witness ? { role: 'before', witness } : { role: 'before', witness: then, whole: witness };
};

const ORDER = { before: 0, dump: 1, after: 2, crash: 3 } as const;

/** A restored task has a later start than the one that was dumped; on another host only content and order tell. */
const isAfter = (witness: Witness, live: readonly Witness[], image: Witness | undefined): boolean => {
  const comparable = live.filter((other) => !areOtherHosts(other.host, witness.host));
  const isIt = (other: Witness): boolean =>
    other === witness || (witness.startTicks !== undefined && other.startTicks === witness.startTicks);
  if (comparable.some((other) => isIt(other) && other.life?.life.restored !== undefined)) return true;
  const ticks = comparable.flatMap(({ startTicks }) => startTicks ?? []);
  const { startTicks: own } = witness;
  if (own !== undefined && ticks.some((other) => other < own)) return true;
  if (own !== undefined && ticks.some((other) => other > own)) return false;
  const runtime = runtimeOf(witness);
  if (image?.host !== undefined && areOtherKernels(image.host, witness.host)) return true;
  const dumped = image?.criu?.logged?.vmas;
  if (runtime !== undefined && dumped !== undefined) return !dumped.some(({ start }) => start === runtime);
  if (live.some((other) => (runtimeOf(other) === undefined) !== (runtime === undefined))) return runtime !== undefined;
  return image !== undefined && witness.life === undefined && witness.order > image.order && mayBeOf(image, runtime);
};

/** Could a restore of these images have made it? Not where none came of them; one by proxy leaves its runtime vDSO. */
const mayBeOf = (image: Witness, runtime: bigint | undefined): boolean => {
  if (image.criu?.logs.dump?.ended === 'failure') return false;
  const outcome = outcomeOf(image, undefined);
  return outcome !== 'failed' && (outcome !== 'proxy' || runtime !== undefined);
};

/** Where a restore parked the vDSO of a task that got a proxy. */
const runtimeOf = ({ judged }: Witness): bigint | undefined =>
  judged.verdict.mappings.find((mapping) => mapping.class === 'criu-runtime')?.start;

/** Who saw the dump is the last before it: an older bundle does not tell when it was read. */
const byDumped = (one: Role, other: Role): number =>
  Number(one.dumped !== undefined) - Number(other.dumped !== undefined);

const byTime = (one: Witness, other: Witness): number => {
  const made = byMaking(one, other);
  if (made !== 0) return made;
  const [a, b] = [stateTime(one), stateTime(other)];
  if (a !== undefined && b !== undefined && a !== b) return ascending(a, b);
  const [x, y] = [one.startTicks, other.startTicks];
  const elsewhere = areOtherHosts(one.host, other.host);
  if (!elsewhere && x !== undefined && y !== undefined && x !== y) return ascending(x, y);
  return one.order - other.order;
};

/** Time of day of the reading that tells its state, Unix, ns. */
export const stateTime = ({ life, taken }: Witness): bigint | undefined => (life?.life.state ?? taken)?.time;
