import { stateOf } from '../piece.js';
import type { Dumped } from '../recording/life.js';
import { areOtherHosts } from './same.js';
import type { Witness } from './witness.js';

/** A dump that a recording saw. */
export interface SeenDump {
  readonly dump: Dumped;
  /** Whom it was made of, to the end of the recording. */
  readonly witness: Witness;
  readonly life: NonNullable<Witness['life']>;
}

/** All of them, oldest first. */
const dumpsIn = (witnesses: readonly Witness[]): readonly SeenDump[] =>
  witnesses
    .flatMap((witness) => {
      const { life } = witness;
      return life === undefined ? [] : life.life.dumps.map((dump): SeenDump => ({ witness, life, dump }));
    })
    .sort((one, other) => (one.dump.from.time < other.dump.from.time ? -1 : 1));

/**
 * The dump that made these images: the newest that had begun when they were written, and found a mapping that is, or
 * looks like, a vDSO where they have one. Undefined: no recording saw it.
 */
export const seenDump = (witnesses: readonly Witness[], { criu, host }: Witness): SeenDump | undefined => {
  const { written, process, logged } = criu ?? {};
  const places = new Set((process?.areas ?? logged?.vmas)?.map(({ start }) => start));
  const isAlike = ({ dump }: SeenDump): boolean => {
    const found = dump.known.state?.verdict.mappings ?? [];
    return found.length === 0 || places.size === 0 || found.some(({ start }) => places.has(start));
  };
  return dumpsIn(witnesses)
    .filter((seen) => !areOtherHosts(host, seen.witness.host))
    .filter(({ dump }) => written === undefined || dump.from.time <= written)
    .filter(isAlike)
    .at(-1);
};

/** The process as that dump found it: what is known of it later says nothing of the images. */
export const asDumped = ({ witness, life, dump }: SeenDump): Witness => {
  const then = { ...life.life, ...dump.known };
  return { ...witness, judged: stateOf(then) ?? witness.judged, life: { ...life, life: then } };
};

/** The process as the restore left it: what it did then is its own. */
export const asRestored = (witness: Witness): Witness => {
  const { life } = witness;
  if (life?.life.back === undefined) return witness;
  const then = { ...life.life, state: life.life.back };
  return { ...witness, judged: stateOf(then) ?? witness.judged, life: { ...life, life: then } };
};

/** Did it begin after that dump, as what a restore made of it? Undefined: it does not tell. */
export const isAfterDump = (one: Witness, { witness, dump }: SeenDump): boolean | undefined => {
  const met = metAt(one);
  if (met !== undefined) return met > dump.until.time;
  if (one.startTicks === undefined || witness.startTicks === undefined || areOtherHosts(one.host, witness.host))
    return undefined;
  return one.startTicks > witness.startTicks;
};

/** Time of day, Unix, ns. */
const metAt = ({ life }: Witness): bigint | undefined => (life?.life.born ?? life?.life.first)?.time;

/**
 * Witnesses of one process, apart by the dump they have to do with: a process that is dumped again and again has as
 * many images, and was restored from one of them. Those that a recording saw no dump of stay together.
 */
export const byDump = (witnesses: readonly Witness[]): readonly (readonly Witness[])[] => {
  const dumps = dumpsIn(witnesses);
  const images = witnesses.filter(({ criu }) => criu !== undefined);
  const others = witnesses.filter(({ criu }) => criu === undefined);
  const made = images.map((image) => ({ image, dump: seenDump(others, image)?.dump }));
  const [first, ...later] = new Set(made.flatMap(({ dump }) => dump ?? []));
  if (first === undefined) return [witnesses];
  /** Of a dump between, or restored from one. */
  const isApart = (one: Witness, of: Dumped): boolean => {
    const alive = others.find(({ life, startTicks: own }) => life && own !== undefined && own === one.startTicks);
    const met = metAt(alive ?? one);
    return met !== undefined && dumps.some(({ dump }) => dump.from.time > of.until.time && dump.until.time < met);
  };
  const groups = [first, ...later].map((of) => [
    ...others.filter((one) => !isApart(one, of)),
    ...made.filter(({ dump = first }) => dump === of).map(({ image }) => image),
  ]);
  const left = others.filter((one) => !groups.some((group) => group.includes(one)));
  return left.length === 0 ? groups : [...groups, left];
};
