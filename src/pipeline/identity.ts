import { putProcess } from './entries.js';
import type { Ledger } from './ledger.js';
import type { ProcessRecord, SpaceRecord } from './records.js';
import { enter, newSpace } from './spaces.js';
import { ticksAt } from './start-ticks.js';

/**
 * Who an event or a snapshot is about. Three identities have to be joined: the kernel's of an address space (ctx_id,
 * or mm where there is none), the pid of the event at its time, and pid@startTicks of /proc.
 */

/** The owner of a pid now; undefined: none is known, or it has exited. */
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
 * not touch the present one. A process nobody saw begin is put down as unknown.
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
