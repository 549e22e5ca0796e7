import type { Moment } from '../../report/chapter.js';
import { stateOf } from '../piece.js';
import type { Dumped } from '../recording/life.js';
import { areOtherHosts, areOtherKernels } from './same.js';
import type { Witness } from './witness.js';

/** A witness with the part it plays in the story of its process. */
export interface Role {
  readonly role: Moment['role'];
  readonly witness: Witness;
  /** The dump that made the images, in the recording that saw it: the witness is cut down to what was known then. */
  readonly seen?: SeenDump | undefined;
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
      if (witness === seen?.witness) return { role: 'before', witness: asDumped(seen), seen };
      const after = seen === undefined ? undefined : isAfterDump(witness, seen);
      return { role: (after ?? isAfter(witness, live, image)) ? 'after' : 'before', witness };
    })
    .sort((one, other) => ORDER[one.role] - ORDER[other.role] || byTime(one.witness, other.witness));
};

const ORDER = { before: 0, dump: 1, after: 2, crash: 3 } as const;

export interface SeenDump {
  readonly dump: Dumped;
  /** Whom it was made of, to the end of the recording. */
  readonly witness: Witness;
  readonly life: NonNullable<Witness['life']>;
}

/**
 * The dump in a recording that made the images: the newest that had begun when they were written; of several, those
 * count where the vDSO was at a place that the images have.
 */
const seenDump = (live: readonly Witness[], { criu, host }: Witness): SeenDump | undefined => {
  const all = live.flatMap((witness): readonly SeenDump[] => {
    const { life } = witness;
    if (life === undefined || areOtherHosts(host, witness.host)) return [];
    return life.life.dumps.map((dump) => ({ witness, life, dump }));
  });
  const written = criu?.written;
  const begun = written === undefined ? all : all.filter(({ dump }) => dump.from.time <= written);
  const places = new Set((criu?.process?.areas ?? criu?.logged?.vmas ?? []).map(({ start }) => start));
  const alike = begun.filter(({ dump }) => places.has(dump.known.state?.verdict.vdso?.start ?? -1n));
  return [...(alike.length > 0 ? alike : begun)]
    .sort((one, other) => compare(one.dump.from.time, other.dump.from.time))
    .at(-1);
};

/** What is known of it later says nothing of the dump. */
const asDumped = ({ witness, life, dump }: SeenDump): Witness => {
  const then = { ...life.life, ...dump.known };
  const judged = stateOf(then);
  return { ...witness, judged: judged ?? witness.judged, life: { ...life, life: then } };
};

/** Undefined: it does not tell. */
const isAfterDump = ({ host, life, startTicks }: Witness, { witness, dump }: SeenDump): boolean | undefined => {
  const met = life?.life.born ?? life?.life.first;
  if (met !== undefined) return met.time > dump.until.time;
  if (startTicks === undefined || witness.startTicks === undefined || areOtherHosts(host, witness.host))
    return undefined;
  return startTicks > witness.startTicks;
};

/** A restored task has a later start than the one that was dumped; on another host only content and order tell. */
const isAfter = (witness: Witness, live: readonly Witness[], image: Witness | undefined): boolean => {
  if (witness.life?.life.restored !== undefined) return true;
  const comparable = live.filter((other) => !areOtherHosts(other.host, witness.host));
  const ticks = comparable.flatMap(({ startTicks }) => startTicks ?? []);
  const { startTicks: own } = witness;
  if (own !== undefined && ticks.some((other) => other < own)) return true;
  if (own !== undefined && ticks.some((other) => other > own)) return false;
  const runtime = runtimeOf(witness);
  if (image?.host !== undefined && areOtherKernels(image.host, witness.host)) return true;
  const dumped = image?.criu?.logged?.vmas;
  if (runtime !== undefined && dumped !== undefined) return !dumped.some(({ start }) => start === runtime);
  if (live.some((other) => (runtimeOf(other) === undefined) !== (runtime === undefined))) return runtime !== undefined;
  return image !== undefined && witness.life === undefined && witness.order > image.order;
};

/** Where a restore parked the vDSO of a task that got a proxy. */
const runtimeOf = ({ judged }: Witness): bigint | undefined =>
  judged.verdict.mappings.find((mapping) => mapping.class === 'criu-runtime')?.start;

const byTime = (one: Witness, other: Witness): number => {
  const [a, b] = [one.life?.life.state?.time, other.life?.life.state?.time];
  if (a !== undefined && b !== undefined && a !== b) return compare(a, b);
  const [x, y] = [one.startTicks, other.startTicks];
  if (x !== undefined && y !== undefined && x !== y) return compare(x, y);
  return one.order - other.order;
};

const compare = (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0);
