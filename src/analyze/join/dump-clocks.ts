import { clockShift } from '../../criu/log/log.js';
import { ascending } from '../../model/ascending.js';
import { areOtherHosts } from './same.js';
import { dumpsIn, FILE_TIME_NS, isAlike, offsetOf, SOON_NS } from './seen-dump.js';
import type { Witness } from './witness.js';

/**
 * The images among them. A restored task has a boot clock of its own, which goes on where its images stopped; so the
 * images of its next dump tell that one, and the log of the restore what it had added. Where the log of a restore in
 * between is not given, this is another time: it counts only where they were written then, or a dump was seen then and
 * none when they were written.
 */
export const dumpClocks = (witnesses: readonly Witness[]): readonly Witness[] => {
  const images = witnesses.filter(({ criu }) => criu !== undefined);
  const offset = witnesses.map(offsetOf).find((one) => one !== undefined);
  return images.map((image) => {
    const { criu } = image;
    if (criu === undefined || criu.clock !== undefined || criu.ownClock === undefined) return image;
    const own = criu.ownClock;
    const [newest] = images
      .filter((one) => one !== image && !areOtherHosts(one.host, image.host))
      .flatMap((one) => {
        const [shift, restored] = [shiftOf(one), restoreClock(one)];
        if (shift === undefined || restored === undefined || own - shift < restored) return [];
        return [{ clock: own - shift, restored }];
      })
      .sort((one, other) => ascending(other.restored, one.restored));
    if (newest === undefined) return image;
    const { clock } = newest;
    const { written } = criu;
    const seen = dumpsIn(witnesses).filter((one) => isAlike(image, one));
    const isFresh = seen.some(({ dump: { from, until } }) => isBetween(written, from.time, until.time + SOON_NS));
    // A file is never older than what is in it.
    const isLater = offset !== undefined && written !== undefined && written + FILE_TIME_NS < clock + offset;
    const isSeen = seen.some(({ dump }) => isBetween(clock, dump.from.at, dump.until.at + SOON_NS));
    const time = offset === undefined ? undefined : clock + offset;
    const isWrittenThen = time !== undefined && isBetween(written, time - FILE_TIME_NS, time + SOON_NS);
    const known = !isFresh && ((isSeen && !isLater) || isWrittenThen) ? clock : undefined;
    return { ...image, criu: { ...criu, clock: known, about: clock } };
  });
};

const isBetween = (time: bigint | undefined, from: bigint, until: bigint): boolean =>
  time !== undefined && from <= time && time <= until;

const shiftOf = ({ criu }: Witness): bigint | undefined => criu?.logs.restore && clockShift(criu.logs.restore);

/** When the newest restore from these images made its tasks, boot clock, ns; undefined: not known. */
const restoreClock = (image: Witness): bigint | undefined => {
  const [shift, dumped] = [shiftOf(image), image.criu?.ownClock ?? image.criu?.clock];
  return shift === undefined || dumped === undefined ? undefined : dumped - shift;
};

/** The same in the time of day of a process that may be of that restore, Unix, ns. */
export const restoreTime = (image: Witness, alive: Witness): bigint | undefined => {
  const [clock, offset] = [restoreClock(image), offsetOf(alive)];
  return clock === undefined || offset === undefined || wasElsewhere(image, alive) ? undefined : clock + offset;
};

/** When its log was written last, Unix, ns: at the end of the restore, or when it was copied. */
export const restoreLogTime = (image: Witness, alive: Witness): bigint | undefined =>
  wasElsewhere(image, alive) ? undefined : image.criu?.logs.restore?.written;

const wasElsewhere = ({ criu }: Witness, { host }: Witness): boolean => {
  const release = criu?.logs.restore?.release;
  return release !== undefined && host?.release !== undefined && release !== host.release;
};
