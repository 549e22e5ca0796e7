import { ascending } from '../../model/ascending.js';
import { dumpClocks } from './dump-clocks.js';
import { lineage } from './lineage.js';
import { newestDump, type Origin, originOf } from './origin.js';
import { areOtherHosts } from './same.js';
import { type Dump, dumpsIn, dumpTime, metAt, seenDump, startOf, writtenTime } from './seen-dump.js';
import { byMaking, type Witness } from './witness.js';

/** Witnesses that have to do with the same dump. */
export interface Group {
  readonly witnesses: readonly Witness[];
  /** They have to do with none: images of the newest before them, which left the process running. */
  readonly later: Witness | undefined;
  /** Images of other dumps that what was restored may have been made from as well. */
  readonly perhaps: readonly Witness[];
}

/**
 * Witnesses of one process, apart by the dump they have to do with: a process that is dumped again and again has as
 * many images, and was restored from one of them. Images of which nobody knows when they were made stay with the first.
 */
export const byDump = (witnesses: readonly Witness[]): readonly Group[] => {
  const images = dumpClocks(witnesses);
  const others = witnesses.filter(({ criu }) => criu === undefined);
  const dumps = dumpsOf(images, others);
  const [first, ...later] = dumps
    .filter((dump) => dump.images.length > 0)
    .sort((one, other) => ascending(one.from, other.from));
  if (first === undefined && others.length === 0) return byClock(images);
  if (first === undefined) return [{ witnesses: [...others, ...images], later: undefined, perhaps: [] }];
  const undated = images.filter((image) => !dumps.some((dump) => dump.images.includes(image)));
  const told = [first, ...later].map((dump) => others.filter((one) => !isApart(one, dump, dumps, others)));
  const groups = [first, ...later].map((dump, index): Group => {
    const own = told[index] ?? [];
    const doubtful = own.map((one) => originOfOne(one, dumps, others)).find((origin) => origin?.dump === dump);
    return {
      witnesses: [...lineage(own, dump, dumps, others), ...dump.images, ...(dump === first ? undated : [])],
      later: undefined,
      perhaps: doubtful?.perhaps.flatMap(({ images: [image] }) => image ?? []) ?? [],
    };
  });
  const left = others.filter((one) => !told.some((own) => own.includes(one)));
  if (left.length === 0) return groups;
  const leaving = newestDump(
    dumps.filter((dump) => dump.images.length > 0 && left.every((one) => ranOn(one, dump.until))),
  );
  return [...groups, { witnesses: left, later: leaving?.images[0], perhaps: [] }];
};

/** Images that nobody saw being made: the same clock is that of a copy, and those that tell none stay with the first. */
const byClock = (images: readonly Witness[]): readonly Group[] => {
  const clocks = images.map(({ criu }) => [criu?.clock, criu?.ownClock].filter((one) => one !== undefined).join());
  const known = [...new Set(clocks.filter((clock) => clock !== ''))];
  if (known.length < 2) return [{ witnesses: images, later: undefined, perhaps: [] }];
  return known
    .map((clock) =>
      images.filter((_, index) => clocks[index] === clock || (clocks[index] === '' && clock === known[0])),
    )
    .sort(([one], [other]) => (one === undefined || other === undefined ? 0 : byMaking(one, other)))
    .map((witnesses) => ({ witnesses, later: undefined, perhaps: [] }));
};

/** All that are known of. */
const dumpsOf = (images: readonly Witness[], others: readonly Witness[]): readonly Dump[] => {
  const dumps: Dump[] = [];
  const made = images.map((image) => ({ image, seen: seenDump(others, image)?.dump }));
  for (const { image, seen } of made) {
    const time = others
      .map((one) => dumpTime(image, one) ?? writtenBefore(image, one))
      .find((one) => one !== undefined);
    const [from, until] = [seen?.from.time ?? time, seen?.until.time ?? time];
    if (from === undefined || until === undefined || dumps.some((dump) => dump.images.includes(image))) continue;
    // Copies of images tell the same clock.
    const isCopy = (one: Witness): boolean =>
      one.criu?.clock === image.criu?.clock && one.criu?.ownClock === image.criu?.ownClock;
    const same = made.filter(
      (one) => one.image === image || (seen !== undefined && one.seen === seen && isCopy(one.image)),
    );
    dumps.push({ seen, images: same.map((one) => one.image), from, until });
  }
  for (const { dump } of dumpsIn(others))
    if (!dumps.some(({ seen }) => seen === dump))
      dumps.push({ seen: dump, images: [], from: dump.from.time, until: dump.until.time });
  return dumps;
};

/** By the time of their files, images that were written before it was met are older. */
const writtenBefore = (image: Witness, one: Witness): bigint | undefined => {
  const [written, met] = [writtenTime(image, one), metAt(one)];
  return written !== undefined && met !== undefined && written < met ? written : undefined;
};

/** Was it restored from what another dump made, or running when it had been dumped? Neither says a thing of the images. */
const isApart = (one: Witness, dump: Dump, dumps: readonly Dump[], others: readonly Witness[]): boolean => {
  const alive = aliveOf(one, others);
  const [met, start] = [metAt(alive), startOf(alive)];
  if (met === undefined || met <= dump.until) return ranOn(one, dump.until);
  if (start !== undefined && start <= dump.until) return ranOn(one, dump.until);
  return originOf(alive, met, dumps, others).dump !== dump;
};

/** Undefined: it may be no restored process at all. */
const originOfOne = (one: Witness, dumps: readonly Dump[], others: readonly Witness[]): Origin | undefined => {
  const alive = aliveOf(one, others);
  const [met, start] = [metAt(alive), startOf(alive)];
  if (met === undefined || (start !== undefined && dumps.every(({ until }) => start <= until))) return undefined;
  return originOf(alive, met, dumps, others);
};

/** The same process as a recording saw it, which has been there longer. */
const aliveOf = (one: Witness, others: readonly Witness[]): Witness =>
  others.find(
    ({ life, startTicks, host }) =>
      life !== undefined && startTicks !== undefined && startTicks === one.startTicks && !areOtherHosts(host, one.host),
  ) ?? one;

/** It had been dumped and left running when it was met. */
const ranOn = (one: Witness, dumped: bigint): boolean => {
  const [met, start] = [metAt(one), startOf(one)];
  // The hook looks at the frozen tasks when the images are written.
  const isOfHook = one.life?.of.hooks.some(({ hook }) => hook.action === 'post-dump') === true;
  return start !== undefined && start <= dumped && met !== undefined && met > dumped && !isOfHook;
};
