import { bootTimeOf } from '../../pipeline/start-ticks.js';
import { stateOf } from '../piece.js';
import type { Dumped, Life } from '../recording/life.js';
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
export const dumpsIn = (witnesses: readonly Witness[]): readonly SeenDump[] =>
  witnesses
    .flatMap((witness) => {
      const { life } = witness;
      return life === undefined ? [] : life.life.dumps.map((dump): SeenDump => ({ witness, life, dump }));
    })
    .sort((one, other) => (one.dump.from.time < other.dump.from.time ? -1 : 1));

/**
 * When images were made, by their own clock in the time of day of a recording, Unix, ns. Undefined: not known, or by the
 * clock of another boot, which shows when they were written before that.
 */
export const dumpTime = ({ criu, host }: Witness, { life, host: other }: Witness): bigint | undefined => {
  const instant = life?.life.state ?? life?.life.deeds.at(-1);
  if (criu?.clock === undefined || instant === undefined || areOtherHosts(host, other)) return undefined;
  const time = criu.clock + instant.time - instant.at;
  return criu.written !== undefined && criu.written + FILE_TIME_NS < time ? undefined : time;
};

/** File times lag behind, and are read in milliseconds. */
const FILE_TIME_NS = 1_000_000_000n;

/**
 * The dump that made these images: the newest that had begun when they were made, or written, and found a mapping that
 * is, or looks like, a vDSO where they have one. Undefined: no recording saw it.
 */
export const seenDump = (witnesses: readonly Witness[], image: Witness): SeenDump | undefined => {
  const { written, process, logged } = image.criu ?? {};
  const places = new Set((process?.areas ?? logged?.vmas)?.map(({ start }) => start));
  const isAlike = ({ dump }: SeenDump): boolean => {
    const found = dump.known.state?.verdict.mappings ?? [];
    return found.length === 0 || places.size === 0 || found.some(({ start }) => places.has(start));
  };
  const isInTime = ({ dump: { from }, witness, life }: SeenDump): boolean => {
    const time = dumpTime(image, witness);
    if (time !== undefined) return from.time <= time && time <= life.of.until;
    return written === undefined || from.time <= written;
  };
  return dumpsIn(witnesses)
    .filter(({ witness }) => !areOtherHosts(image.host, witness.host))
    .filter(isInTime)
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
  const state = life && (life.life.back ?? firstOf(life.life));
  if (life === undefined || state === undefined) return witness;
  const then = { ...life.life, state };
  return { ...witness, judged: stateOf(then) ?? witness.judged, life: { ...life, life: then } };
};

/** A recording of some names or pids does not see the restorer at work: what it saw first is nearest to that. */
const firstOf = ({ restored, first, comm }: Life): Life['first'] =>
  restored === undefined && first?.evidence.process.comm === comm ? first : undefined;

/** The same dump, as another recording saw it. */
export const sameDump = (witness: Witness, seen: SeenDump): SeenDump | undefined => {
  const { life } = witness;
  if (witness === seen.witness) return seen;
  if (life === undefined || areOtherHosts(witness.host, seen.witness.host)) return undefined;
  const { by, from, until } = seen.dump;
  const dump = life.life.dumps.find((one) => one.by === by && one.from.at <= until.at && one.until.at >= from.at);
  return dump && { witness, life, dump };
};

/** Did it begin after that dump, as what a restore made of it? Undefined: it does not tell. */
export const isAfterDump = (one: Witness, { witness, dump }: SeenDump): boolean | undefined => {
  if (one.startTicks !== undefined && witness.startTicks !== undefined && !areOtherHosts(one.host, witness.host))
    return one.startTicks > witness.startTicks;
  const met = metAt(one);
  return met === undefined ? undefined : met > dump.until.time;
};

/** Did it begin after the images were made, which no recording saw? Undefined: it does not tell. */
export const isAfterImages = (one: Witness, image: Witness): boolean | undefined => {
  const [time, start, written] = [dumpTime(image, one), startOf(one), writtenTime(image, one)];
  if (start === undefined) return undefined;
  if (time !== undefined) return start > time;
  // Copying makes it later: what began before may have begun after the dump all the same.
  return written !== undefined && start > written ? true : undefined;
};

/** The latest at which the images were made, where both are of one host. */
export const writtenTime = ({ criu, host }: Witness, other: Witness): bigint | undefined =>
  areOtherHosts(host, other.host) ? undefined : criu?.written;

/** Time of day, Unix, ns. */
export const metAt = ({ life }: Witness): bigint | undefined => (life?.life.born ?? life?.life.first)?.time;

export const startOf = ({ life, startTicks }: Witness): bigint | undefined => {
  const instant = life?.life.state;
  return instant === undefined || startTicks === undefined
    ? undefined
    : bootTimeOf(startTicks) + instant.time - instant.at;
};
