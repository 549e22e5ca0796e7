import type { Host } from '../../model/evidence.js';
import { type Image, isOtherImage } from '../../pipeline/image.js';
import type { Witness } from './witness.js';

/**
 * Are these the same process, seen by two sources? A pid says little: it is given again, by a restore to the same
 * program, by the kernel to any. Its start time proves it within one boot. The auxv is the finger print of an exec: it
 * survives a move, a dump and a restore, on another host too, and address space randomisation makes it unique but for
 * forks.
 */
export const isSame = (one: Witness, other: Witness): boolean => {
  if (one.order === other.order) return one.life !== undefined && isRestoredFrom(one, other);
  if (!one.pids.some((pid) => other.pids.includes(pid))) return isRestoredInside(one, other);
  const elsewhere = areOtherHosts(one.host, other.host);
  const { startTicks } = one;
  if (!elsewhere && startTicks !== undefined && startTicks === other.startTicks) return true;
  const programs = comparePrograms(one.programs, other.programs);
  if (programs !== 'unknown') return programs === 'same';
  return !elsewhere && isSameName(one, other);
};

/** A restore in a pid namespace gives the number inside again; the one outside is another. Images have the former. */
const isRestoredInside = (one: Witness, other: Witness): boolean => {
  const [inside, otherInside] = [insideOf(one), insideOf(other)];
  return inside !== undefined && inside === otherInside && isSameProgram(one, other);
};

const insideOf = ({ criu, judged }: Witness): number | undefined => {
  const { pid, insidePid } = judged.evidence.process;
  return criu === undefined ? insidePid : pid;
};

/**
 * Two processes of one recording: the second is what CRIU made of the first. It has its pid; in a container that is the
 * one inside, and the one outside is new, while the auxv, which a fork would share, and which of them was there first
 * tell it from its children.
 */
const isRestoredFrom = (one: Witness, other: Witness): boolean => {
  if (comparePrograms(one.programs, other.programs) !== 'same') return false;
  if (one.pids.some((pid) => other.pids.includes(pid)))
    return one.life?.life.restored !== undefined || other.life?.life.restored !== undefined;
  const [inside, otherInside] = [one, other].map(({ judged }) => judged.evidence.process.insidePid);
  return inside !== undefined && inside === otherInside && (isGoneBefore(one, other) || isGoneBefore(other, one));
};

const isGoneBefore = ({ life: one }: Witness, { life: other }: Witness): boolean => {
  const last = one?.life.ended ?? one?.life.state;
  const first = other?.life.born ?? other?.life.first;
  return last !== undefined && first !== undefined && last.at < first.at;
};

/** By nothing but its program and name: for a process whose pid in its image is that of its container. */
export const isSameProgram = (one: Witness, other: Witness): boolean =>
  one.order !== other.order &&
  isSameName(one, other) &&
  one.programs.some((program) => program.places !== undefined) &&
  comparePrograms(one.programs, other.programs) === 'same';

const isSameName = ({ comm }: Witness, other: Witness): boolean =>
  comm === undefined || other.comm === undefined || comm === other.comm;

const comparePrograms = (some: readonly Image[], others: readonly Image[]): 'same' | 'other' | 'unknown' => {
  if (some.length === 0 || others.length === 0) return 'unknown';
  return some.some((one) => others.some((other) => !isOtherImage(one, other) && sharePlaces(one, other)))
    ? 'same'
    : 'other';
};

const sharePlaces = (one: Image, other: Image): boolean =>
  one.vdso === other.vdso || (one.places !== undefined && one.places === other.places);

/** Do they surely come from different machines, kernels or boots? An unknown release or boot says nothing. */
export const areOtherHosts = (one: Host | undefined, other: Host | undefined): boolean =>
  differ(one?.bootId, other?.bootId) || areOtherKernels(one, other);

/** The note in a vDSO names the version alone: "6.18.44" is of "6.18.44-cloud-amd64". */
export const areOtherKernels = (one: Host | undefined, other: Host | undefined): boolean => {
  const [a, b] = [one?.release, other?.release];
  return differ(a, b) && a !== undefined && b !== undefined && !a.startsWith(b) && !b.startsWith(a);
};

const differ = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && one !== other;
