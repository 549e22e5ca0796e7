import { hasStatus } from '../../criu/status.js';
import { restoreLogTime, restoreTime } from './dump-clocks.js';
import { type Dump, startOf } from './seen-dump.js';
import type { Witness } from './witness.js';

/** What a restored process was made from. */
export interface Origin {
  readonly dump: Dump | undefined;
  /** Other dumps that it may have been made from as well, as far as anything tells. */
  readonly perhaps: readonly Dump[];
}

/**
 * The restore whose log tells that it began when the process did; else the newest dump before it that had its vDSO
 * where the restore left it, among several that one of which a restore log of its time lies there.
 */
export const originOf = (alive: Witness, met: bigint, dumps: readonly Dump[], others: readonly Witness[]): Origin => {
  const before = dumps.filter((dump) => dump.until < met);
  const nearest = restoredThen(alive, others);
  const proven = nearest(before, CLOCK_LATE_NS, restoreTime);
  if (proven !== undefined) return { dump: proven, perhaps: [] };
  const fitting = before.filter((dump) => fits(alive, dump));
  const logged = nearest(fitting, FILE_LATE_NS, restoreLogTime);
  if (logged !== undefined) return { dump: logged, perhaps: [] };
  const dump = newestDump(fitting);
  // A log is written over by the next restore: what it tells of an earlier one leaves out that there was another later.
  const start = startOf(alive);
  const isOver = ({ images }: Dump): boolean =>
    images.some((image) => start !== undefined && (restoreTime(image, alive) ?? start) < start - EARLY_NS);
  const isOut = (one: Dump): boolean => isOver(one) && dump !== undefined && !isOver(dump);
  return { dump, perhaps: fitting.filter((one) => one !== dump && one.images.length > 0 && !isOut(one)) };
};

/** The one that began last. */
export const newestDump = (dumps: readonly Dump[]): Dump | undefined =>
  dumps.reduce<Dump | undefined>((newest, one) => (newest && newest.from > one.from ? newest : one), undefined);

/** Finds the dump from which something was restored when the process began, and nobody else after it. */
const restoredThen = (alive: Witness, others: readonly Witness[]) => {
  const start = startOf(alive);
  const starts = others.flatMap((one) => startOf(one) ?? []);
  return (
    dumps: readonly Dump[],
    latest: bigint,
    timeOf: (image: Witness, alive: Witness) => bigint | undefined,
  ): Dump | undefined => {
    if (start === undefined) return undefined;
    const isOfIt = (time: bigint): boolean =>
      time > start - EARLY_NS &&
      time < start + latest &&
      !starts.some((other) => other > start + EARLY_NS && other < time + EARLY_NS);
    const found = dumps.filter(({ images }) => images.some((image) => isOfIt(timeOf(image, alive) ?? 0n)));
    // Copies of a log, or two of one moment, tell nothing.
    return found.length === 1 ? found[0] : undefined;
  };
};

/** Start ticks are whole hundredths of a second. */
const EARLY_NS = 50_000_000n;
/** The task sets its clock as soon as it exists; the log is written to its end. */
const CLOCK_LATE_NS = 1_000_000_000n;
const FILE_LATE_NS = 10_000_000_000n;

const fits = ({ life }: Witness, dump: Dump): boolean => {
  const { back, restored, deeds = [] } = life?.life ?? {};
  const isMoved = deeds.some(({ at }) => restored && back && at > restored.at && at <= back.at);
  const places = isMoved ? [] : (back?.verdict.mappings.map(({ start }) => start) ?? []);
  const dumped = placesIn(dump);
  return places.length === 0 || dumped.length === 0 || dumped.some((start) => places.includes(start));
};

/** Where it found the vDSO. */
const placesIn = ({ images, seen }: Dump): readonly bigint[] => {
  const areas = images.flatMap(({ criu }) => criu?.process?.areas ?? []);
  if (areas.length > 0) return areas.filter(({ status }) => hasStatus(status, 'vdso')).map(({ start }) => start);
  return seen?.known.state?.verdict.mappings.map(({ start }) => start) ?? [];
};
