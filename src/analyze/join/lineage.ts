import { ascending } from '../../model/ascending.js';
import { originOf } from './origin.js';
import { asAt, asDumped, type Dump, metAt, startOf } from './seen-dump.js';
import type { Witness } from './witness.js';

/**
 * What went before a dump: the process that was dumped as it is, who it was restored from as he was when those images
 * were made, and so on. What somebody did after a dump that left him running is no past of those restored from it, and
 * neither is another restore from it that ended before.
 */
export const lineage = (
  own: readonly Witness[],
  { from }: Dump,
  dumps: readonly Dump[],
  others: readonly Witness[],
): readonly Witness[] => {
  const told = new Map<Witness, Witness | undefined>();
  const [newest, ...older] = livesBefore(own, from);
  let heirs = newest;
  for (const lives of older) {
    const origin = heirs && originIn(heirs, dumps, others);
    if (origin === undefined) break;
    const isHeir = lives.every((one) => (startOf(one) ?? 0n) <= origin.until);
    for (const one of lives) told.set(one, isHeir ? asPassedOn(one, origin) : undefined);
    if (isHeir) heirs = lives;
  }
  return own.flatMap((one) => (told.has(one) ? (told.get(one) ?? []) : one));
};

/** Who began before that time, newest first; several recordings may have seen one. */
const livesBefore = (own: readonly Witness[], time: bigint): readonly (readonly Witness[])[] => {
  const byStart = new Map<bigint, Witness[]>();
  for (const one of own) {
    const start = startOf(one);
    if (one.life === undefined || one.startTicks === undefined || start === undefined || start > time) continue;
    byStart.set(one.startTicks, [...(byStart.get(one.startTicks) ?? []), one]);
  }
  return [...byStart].sort(([one], [other]) => ascending(other, one)).map(([, lives]) => lives);
};

const originIn = (lives: readonly Witness[], dumps: readonly Dump[], others: readonly Witness[]): Dump | undefined => {
  const one = lives.find(({ life }) => life?.life.restored !== undefined);
  const met = one && metAt(one);
  return one === undefined || met === undefined ? undefined : originOf(one, met, dumps, others).dump;
};

/** As it was at that dump, which another recording may have seen, or none. */
const asPassedOn = (witness: Witness, { seen, until }: Dump): Witness => {
  const { life } = witness;
  const dump = life?.life.dumps.find(
    (one) => seen !== undefined && one.by === seen.by && one.from.at <= seen.until.at && one.until.at >= seen.from.at,
  );
  return life === undefined || dump === undefined ? asAt(witness, until) : asDumped({ witness, life, dump });
};
