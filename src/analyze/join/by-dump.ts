import { hasStatus } from '../../criu/status.js';
import { dumpsIn, dumpTime, metAt, type SeenDump, seenDump, startOf, writtenTime } from './seen-dump.js';
import type { Witness } from './witness.js';

/** A dump of a process: one that a recording saw, or images of one that none saw, which tell when they were made. */
interface Dump {
  readonly seen: SeenDump['dump'] | undefined;
  readonly images: readonly Witness[];
  /** Time of day, Unix, ns. */
  readonly from: bigint;
  readonly until: bigint;
}

/**
 * Witnesses of one process, apart by the dump they have to do with: a process that is dumped again and again has as
 * many images, and was restored from one of them. Images of which nobody knows when they were made stay with the first.
 */
export const byDump = (witnesses: readonly Witness[]): readonly (readonly Witness[])[] => {
  const images = witnesses.filter(({ criu }) => criu !== undefined);
  const others = witnesses.filter(({ criu }) => criu === undefined);
  const dumps = dumpsOf(images, others);
  const [first, ...later] = dumps.filter((dump) => dump.images.length > 0);
  if (first === undefined) return [witnesses];
  const undated = images.filter((image) => !dumps.some((dump) => dump.images.includes(image)));
  const groups = [first, ...later].map((dump) => [
    ...others.filter((one) => !isApart(one, dump, dumps, others)),
    ...dump.images,
    ...(dump === first ? undated : []),
  ]);
  const left = others.filter((one) => !groups.some((group) => group.includes(one)));
  return left.length === 0 ? groups : [...groups, left];
};

/** All that are known of, in the order of their images; those without any come last. */
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
    const isCopy = (one: Witness): boolean => one.criu?.clock === image.criu?.clock;
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
  const alive = others.find(({ life, startTicks: own }) => life && own !== undefined && own === one.startTicks) ?? one;
  const [met, start] = [metAt(alive), startOf(alive)];
  if (met === undefined || met <= dump.until) return ranOn(one, dump.until);
  if (start !== undefined && start <= dump.until) return ranOn(one, dump.until);
  return originOf(alive, met, dumps) !== dump;
};

/** It had been dumped and left running when it was met. */
const ranOn = (one: Witness, dumped: bigint): boolean => {
  const [met, start] = [metAt(one), startOf(one)];
  // The hook looks at the frozen tasks when the images are written.
  const isOfHook = one.life?.of.hooks.some(({ hook }) => hook.action === 'post-dump') === true;
  return start !== undefined && start <= dumped && met !== undefined && met > dumped && !isOfHook;
};

/** What a restored process was made from: the newest dump before it that had its vDSO where the restore left it. */
const originOf = ({ life }: Witness, met: bigint, dumps: readonly Dump[]): Dump | undefined => {
  const { back, restored, deeds = [] } = life?.life ?? {};
  const isMoved = deeds.some(({ at }) => restored && back && at > restored.at && at <= back.at);
  const places = isMoved ? [] : (back?.verdict.mappings.map(({ start }) => start) ?? []);
  const fits = (dump: Dump): boolean => {
    const dumped = placesIn(dump);
    return places.length === 0 || dumped.length === 0 || dumped.some((start) => places.includes(start));
  };
  const before = dumps.filter((dump) => dump.until < met && fits(dump));
  return before.reduce<Dump | undefined>((newest, one) => (newest && newest.from > one.from ? newest : one), undefined);
};

/** Where it found the vDSO. */
const placesIn = ({ images, seen }: Dump): readonly bigint[] => {
  const areas = images.flatMap(({ criu }) => criu?.process?.areas ?? []);
  if (areas.length > 0) return areas.filter(({ status }) => hasStatus(status, 'vdso')).map(({ start }) => start);
  return seen?.known.state?.verdict.mappings.map(({ start }) => start) ?? [];
};
