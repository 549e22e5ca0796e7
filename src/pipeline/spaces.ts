import { contextKey, type SpaceKey } from '../model/event.js';
import { changeProcess, changeSpace, putSpace, removeSpace } from './entries.js';
import type { Ledger } from './ledger.js';
import type { ProcessRecord, SpaceRecord } from './records.js';

/** Address spaces: who lives in them, and which one the kernel means. */

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
    past: NO_MOVES,
    truth: undefined,
    presence: undefined,
    lastEventAt: bornAt,
    readAt: 0n,
    image: undefined,
    members: [],
    unexplained: undefined,
    replaced: false,
    noise: undefined,
  });

const NO_MOVES: SpaceRecord['past'] = [];

/**
 * Points a process at an address space and counts it there. `concat`, because V8 makes `[...keys, key]` with room for 17.
 */
export const enter = (ledger: Ledger, processKey: string, spaceId: string): void => {
  const space = ledger.spaces.get(spaceId);
  if (space === undefined) return;
  changeSpace(ledger, space, { members: space.members.concat(processKey), sharers: space.sharers + 1 });
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
  removeSpace(ledger, space.id);
  ledger.unjudged.delete(space.id);
  ledger.unexplained.delete(space.id);
};

/** Moves a process, with everything it is known by, into another address space. */
export const switchSpace = (ledger: Ledger, process: ProcessRecord, space: SpaceRecord): ProcessRecord => {
  if (process.space === space.id) return process;
  // Enter before leaving: leaving may forget the old one, and both may be the last to know something.
  if (process.exitedAt === undefined) enter(ledger, process.key, space.id);
  else changeSpace(ledger, space, { members: space.members.concat(process.key) });
  leave(ledger, process);
  return changeProcess(ledger, process, { space: space.id });
};

const bind = (ledger: Ledger, space: SpaceRecord, key: SpaceKey): SpaceRecord => {
  const context = contextKey(key);
  if (context === undefined) return space;
  ledger.byContext.set(context, space.id);
  return changeSpace(ledger, space, { key });
};

/** By the number that no two address spaces of a boot share. */
export const knownSpace = (ledger: Ledger, key: SpaceKey): SpaceRecord | undefined => {
  const id = key.id === 0n ? undefined : ledger.byContext.get(contextKey(key) ?? '');
  return id === undefined ? undefined : ledger.spaces.get(id);
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
