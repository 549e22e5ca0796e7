import { ascending } from '../../model/ascending.js';
import { bootTimeOf } from '../../pipeline/start-ticks.js';
import { notRead, stateOf } from '../piece.js';
import { knownAt } from '../recording/dumped.js';
import type { Dumped, Known, Life } from '../recording/life.js';
import { areOtherHosts } from './same.js';
import type { Witness } from './witness.js';

/** A dump that a recording saw. */
export interface SeenDump {
  readonly dump: Dumped;
  /** Whom it was made of, to the end of the recording. */
  readonly witness: Witness;
  readonly life: NonNullable<Witness['life']>;
}

/** A dump of a process: one that a recording saw, or images of one that none saw, which tell when they were made. */
export interface Dump {
  readonly seen: Dumped | undefined;
  readonly images: readonly Witness[];
  /** Time of day, Unix, ns. */
  readonly from: bigint;
  readonly until: bigint;
}

/** All that recordings saw, oldest first. */
export const dumpsIn = (witnesses: readonly Witness[]): readonly SeenDump[] =>
  witnesses
    .flatMap((witness) => {
      const { life } = witness;
      return life === undefined ? [] : life.life.dumps.map((dump): SeenDump => ({ witness, life, dump }));
    })
    .sort((one, other) => ascending(one.dump.from.time, other.dump.from.time));

/**
 * When images were made, by their own clock in the time of day of a recording, Unix, ns. Undefined: not known, or by the
 * clock of another boot, which shows when they were written before that.
 */
export const dumpTime = ({ criu, host }: Witness, one: Witness): bigint | undefined => {
  const offset = offsetOf(one);
  if (criu?.clock === undefined || offset === undefined || areOtherHosts(host, one.host)) return undefined;
  const time = criu.clock + offset;
  return criu.written !== undefined && criu.written + FILE_TIME_NS < time ? undefined : time;
};

/** Time of day minus boot clock, ns. */
export const offsetOf = ({ life, taken }: Witness): bigint | undefined => {
  const instant = life?.life.state ?? life?.life.deeds.at(-1) ?? taken;
  return instant && instant.time - instant.at;
};

/** File times lag behind, and are read in milliseconds. */
export const FILE_TIME_NS = 1_000_000_000n;

/**
 * The dump that made these images: the newest that had begun when they were made, or written, and found a mapping that
 * is, or looks like, a vDSO where they have one. Undefined: no recording saw it.
 */
export const seenDump = (witnesses: readonly Witness[], image: Witness): SeenDump | undefined => {
  const written = image.criu?.written;
  const isInTime = (one: SeenDump): boolean => {
    const { from } = one.dump;
    const time = dumpTime(image, one.witness);
    if (time !== undefined) return from.time <= time && endsOf(one).some((end) => time <= end + SOON_NS);
    return written === undefined || from.time <= written;
  };
  return dumpsIn(witnesses)
    .filter(({ witness }) => !areOtherHosts(image.host, witness.host))
    .filter(isInTime)
    .filter((one) => isAlike(image, one))
    .at(-1);
};

/** Did it find a mapping that is, or looks like, a vDSO where the images have one? An unknown place says nothing. */
export const isAlike = ({ criu }: Witness, { dump }: SeenDump): boolean => {
  const places = new Set((criu?.process?.areas ?? criu?.logged?.vmas)?.map(({ start }) => start));
  const found = dump.stale ? [] : (dump.known.state?.verdict.mappings ?? []);
  return found.length === 0 || places.size === 0 || found.some(({ start }) => places.has(start));
};

/** When that CRIU let go of each task it dumped, Unix, ns. */
const endsOf = ({ dump, life }: SeenDump): readonly bigint[] =>
  life.of.lives
    .flatMap(({ dumps }) => dumps.filter(({ by, from }) => by === dump.by && from.at <= dump.until.at))
    .map(({ until }) => until.time);

/** The clock of the images is read right after the last of them. */
export const SOON_NS = 1_000_000_000n;

/** The process as that dump found it: what is known of it later says nothing of the images. */
export const asDumped = ({ witness, life, dump }: SeenDump): Witness => asKnown(witness, life, dump.known);

const asKnown = (witness: Witness, life: SeenDump['life'], known: Known): Witness => {
  const then = { ...life.life, ...known };
  const judged = stateOf(then) ?? notRead(then, life.of.host, UNREAD);
  return { ...witness, judged, life: { ...life, life: then } };
};

const UNREAD = { what: 'maps', why: 'absent', detail: 'it was not read before the dump' } as const;

/** The process as it was when images were made by a dump that the recording did not see, in a gap of it. */
export const asAt = (witness: Witness, time: bigint): Witness => {
  const { life } = witness;
  const offset = offsetOf(witness);
  const state = life?.life.state;
  if (life === undefined || offset === undefined || state === undefined || state.time <= time) return witness;
  return asKnown(witness, life, knownAt(life.life, time - offset));
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

/** Time of day, Unix, ns. On a busy host what it did is heard of before it is read, or long after. */
export const metAt = ({ life, taken }: Witness): bigint | undefined => {
  if (life === undefined || life.life.born !== undefined) return (life?.life.born ?? taken)?.time;
  const { first, lines } = life.life;
  return [first, lines[0]].flatMap((one) => one?.time ?? []).sort(ascending)[0];
};

/** When the process began, time of day, Unix, ns; undefined: its start, or the clock of its host, is not known. */
export const startOf = (one: Witness): bigint | undefined => {
  const offset = offsetOf(one);
  return offset === undefined || one.startTicks === undefined ? undefined : bootTimeOf(one.startTicks) + offset;
};
