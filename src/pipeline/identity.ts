import type { SpaceKey } from '../model/event.js';
import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import {
  changeProcess,
  changeSpace,
  type Ledger,
  type ProcessRecord,
  putProcess,
  putSpace,
  type SpaceRecord,
} from './ledger.js';

/**
 * Who an event or a snapshot is about. Three identities have to be joined: the kernel's of an address space (ctx_id,
 * or mm where there is none), the pid of the event at its time, and pid@startTicks of /proc.
 */

/** ctx_id is unique per boot; an mm pointer is only as good as the exit that ends it. */
export const contextKey = (key: SpaceKey): string | undefined => {
  if (key.id !== 0n) return `ctx:${key.id}`;
  return key.mm === 0n ? undefined : `mm:${key.mm.toString(16)}`;
};

const TICK = 10_000_000n;

/** Field 22 of stat that a process born at this boot time has, give or take one. */
export const ticksAt = (at: bigint): bigint => at / TICK;

export const bootTimeOf = (ticks: bigint): bigint => ticks * TICK;

/** Which exec made an address space, as far as its auxv tells: exec places its entries anew, fork copies them. */
export interface Image {
  readonly vdso: bigint;
  /** Other places of the auxv; undefined when only the vDSO's entry was read. */
  readonly places: string | undefined;
}

export const imageOf = (auxv: Auxv | undefined): Image | undefined => {
  const vdso = auxv?.entries.get(AT_SYSINFO_EHDR);
  if (auxv === undefined || vdso === undefined) return undefined;
  const places = PLACES.map((type) => auxv.entries.get(type)?.toString(16));
  return { vdso, places: places.includes(undefined) ? undefined : places.join(':') };
};

/** AT_PHDR, AT_ENTRY, AT_RANDOM (include/uapi/linux/auxvec.h): every process has them. */
const PLACES = [3, 9, 25];

/**
 * No move changes the auxv, so another AT_SYSINFO_EHDR is another exec; unless all else is in place: then somebody
 * rewrote that entry (PR_SET_MM).
 */
export const isOtherImage = (a: Image | undefined, b: Image | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.vdso !== b.vdso &&
  (a.places === undefined || b.places === undefined || a.places !== b.places);

export const liveProcess = (ledger: Ledger, pid: number): ProcessRecord | undefined => {
  const key = ledger.byPid.get(pid);
  const process = key === undefined ? undefined : ledger.processes.get(key);
  return process?.exitedAt === undefined ? process : undefined;
};

/** The newest owner of a pid, exited or not. */
export const lastOwner = (ledger: Ledger, pid: number): ProcessRecord | undefined => {
  const key = ledger.byPid.get(pid);
  return key === undefined ? undefined : ledger.processes.get(key);
};

/**
 * The process that had this pid at this time. undefined: an earlier owner of the pid, long gone; its late event must
 * not touch the present one (traps 33-36). A process nobody saw begin is put down as unknown.
 */
export const processAt = (ledger: Ledger, pid: number, at: bigint, comm: string): ProcessRecord | undefined => {
  const owner = lastOwner(ledger, pid);
  if (owner === undefined) return newProcess(ledger, { pid, comm, at });
  if (at < owner.bornAt) return undefined;
  if (owner.exitedAt !== undefined && at > owner.exitedAt) return newProcess(ledger, { pid, comm, at });
  return owner;
};

interface Birth {
  readonly pid: number;
  readonly comm: string;
  /** When it was first seen. */
  readonly at: bigint;
  readonly bornAt?: bigint;
  readonly parent?: number | undefined;
  readonly startTicks?: bigint | undefined;
  readonly space?: SpaceRecord;
}

/** A new entry, in an address space of its own unless one is given. A former owner of the pid must have been ended. */
export const newProcess = (ledger: Ledger, birth: Birth): ProcessRecord => {
  const { pid, comm, at, bornAt = 0n, parent, startTicks } = birth;
  let key = `${pid}@${startTicks ?? ticksAt(at)}`;
  // Two owners within one tick look alike: tell them apart rather than let one inherit from the other.
  while (ledger.processes.has(key)) key += "'";
  const space = birth.space ?? newSpace(ledger, { id: `pid:${key}`, bornAt });
  ledger.byPid.set(pid, key);
  enter(ledger, key, space.id);
  return putProcess(ledger, {
    key,
    pid,
    comm,
    parent,
    space: space.id,
    generation: 0,
    exitedAt: undefined,
    unreadable: undefined,
    startTicks,
    bornAt,
    firstSeen: at,
    held: undefined,
  });
};

export const newSpace = (ledger: Ledger, { id, bornAt }: { id: string; bornAt: bigint }): SpaceRecord =>
  putSpace(ledger, {
    id: ledger.spaces.has(id) ? `${id}#${++ledger.serial}` : id,
    key: undefined,
    evidence: undefined,
    verdict: undefined,
    sharers: 0,
    moves: 0,
    history: [],
    dirty: true,
    bornAt,
    placedAt: undefined,
    past: [],
    truth: undefined,
    lastEventAt: bornAt,
    readAt: 0n,
    image: undefined,
    members: [],
    unexplained: undefined,
    noise: undefined,
  });

/** Points a process at an address space and counts it there. */
export const enter = (ledger: Ledger, processKey: string, spaceId: string): void => {
  const space = ledger.spaces.get(spaceId);
  if (space === undefined) return;
  changeSpace(ledger, space, { members: [...space.members, processKey], sharers: space.sharers + 1 });
};

/** The process no longer points at it. An address space that nobody points at is forgotten. */
export const leave = (ledger: Ledger, process: ProcessRecord): void => {
  const space = ledger.spaces.get(process.space);
  if (space === undefined) return;
  const members = space.members.filter((key) => key !== process.key);
  const sharers = process.exitedAt === undefined ? space.sharers - 1 : space.sharers;
  if (members.length === 0) forgetSpace(ledger, space);
  else changeSpace(ledger, space, { members, sharers });
};

/** Nobody lives in it any more: its mm pointer is free for others, its ctx_id will never come back. */
export const unbind = (ledger: Ledger, space: SpaceRecord): void => {
  const context = space.key === undefined ? undefined : contextKey(space.key);
  if (context !== undefined && ledger.byContext.get(context) === space.id) ledger.byContext.delete(context);
};

const forgetSpace = (ledger: Ledger, space: SpaceRecord): void => {
  unbind(ledger, space);
  ledger.spaces.delete(space.id);
  ledger.unjudged.delete(space.id);
  ledger.unexplained.delete(space.id);
};

/** Moves a process, with everything it is known by, into another address space. */
export const switchSpace = (ledger: Ledger, process: ProcessRecord, space: SpaceRecord): ProcessRecord => {
  if (process.space === space.id) return process;
  // Enter before leaving: leaving may forget the old one, and both may be the last to know something.
  if (process.exitedAt === undefined) enter(ledger, process.key, space.id);
  else changeSpace(ledger, space, { members: [...space.members, process.key] });
  leave(ledger, process);
  return changeProcess(ledger, process, { space: space.id });
};

export const bind = (ledger: Ledger, space: SpaceRecord, key: SpaceKey): SpaceRecord => {
  const context = contextKey(key);
  if (context === undefined) return space;
  ledger.byContext.set(context, space.id);
  return changeSpace(ledger, space, { key });
};

/**
 * The address space an event happened in, by the kernel's identity when it has one. undefined: a former one that is
 * forgotten. A process met in a space it was not known to share has shared it all along; one met in a space nobody
 * knows has made an exec that nobody saw.
 */
export const spaceOf = (ledger: Ledger, process: ProcessRecord, key: SpaceKey, at: bigint): SpaceRecord | undefined => {
  const own = ledger.spaces.get(process.space);
  if (own === undefined) return undefined;
  const context = contextKey(key);
  if (context === undefined) return own;
  const known = ledger.byContext.get(context);
  if (known === own.id) return own;
  const late = at < own.bornAt;
  const other = known === undefined ? undefined : ledger.spaces.get(known);
  if (late) return other;
  // A bare mm pointer may have been recycled: sharing is then learnt from clone flags alone.
  if (other !== undefined && key.id !== 0n) {
    switchSpace(ledger, process, other);
    return ledger.spaces.get(other.id);
  }
  if (own.key === undefined || contextKey(own.key) === context) return bind(ledger, own, key);
  return nextGeneration(ledger, process, { at, key });
};

interface Generation {
  readonly at: bigint;
  readonly key: SpaceKey | undefined;
}

/** exec: the process gets a new address space; the old one stays with those who share it. */
export const nextGeneration = (ledger: Ledger, process: ProcessRecord, { at, key }: Generation): SpaceRecord => {
  const context = key === undefined ? undefined : contextKey(key);
  const generation = process.generation + 1;
  const id = context?.startsWith('ctx:') ? context : `pid:${process.key}#${generation}`;
  const space = newSpace(ledger, { id, bornAt: at });
  switchSpace(ledger, changeProcess(ledger, process, { generation, held: undefined }), space);
  const entered = ledger.spaces.get(space.id) ?? space;
  return key === undefined ? entered : bind(ledger, entered, key);
};
