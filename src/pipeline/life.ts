import { contextKey, type ExitEvent, type ForkEvent, sharesSpace } from '../model/event.js';
import { type Concerned, laterOf } from './concerned.js';
import { changeProcess, changeSpace, removeProcess } from './entries.js';
import { lastOwner, newProcess, processAt } from './identity.js';
import { isOtherImage } from './image.js';
import { type Ledger, LIMITS } from './ledger.js';
import type { Snapshot } from './observation.js';
import type { ProcessRecord, SpaceRecord } from './records.js';
import { leave, spaceOf, switchSpace, unbind } from './spaces.js';
import { bootTimeOf, isStart } from './start-ticks.js';

/** Fork and exit: how processes come and go, and what they share. */

export const onFork = (ledger: Ledger, event: ForkEvent): Concerned => {
  const parent = processAt(ledger, event.tgid, event.at, event.comm);
  const parentSpace = parent === undefined ? undefined : spaceOf(ledger, parent, event.space, event.at);
  const shares = sharesSpace(event);
  const owner = lastOwner(ledger, event.childPid);
  if (owner !== undefined && isChild(owner, event.at)) meetChild(ledger, event, owner, parentSpace, shares);
  else if (owner === undefined || owner.firstSeen < event.at) {
    // The pid is new, so whoever had it before has gone, whether or not we saw that.
    if (owner !== undefined) endProcess(ledger, owner, event.at);
    const birth = { pid: event.childPid, comm: event.comm, at: event.at, bornAt: event.at, parent: event.tgid };
    if (shares && parentSpace !== undefined) newProcess(ledger, { ...birth, space: parentSpace });
    else inherit(ledger, newProcess(ledger, birth), parentSpace, event.at);
  }
  // Else the pid has had a newer owner since: this child is history.
  return { process: parent, space: parentSpace && ledger.spaces.get(parentSpace.id) };
};

/** Is the known owner of the pid the child of this fork, met (in /proc, or by an event) before the fork arrived? */
const isChild = (owner: ProcessRecord, at: bigint): boolean => {
  if (owner.startTicks === undefined) return owner.bornAt === 0n ? owner.firstSeen >= at : owner.bornAt === at;
  return isStart(owner.startTicks, at) && owner.firstSeen >= at;
};

const meetChild = (
  ledger: Ledger,
  event: ForkEvent,
  child: ProcessRecord,
  parentSpace: SpaceRecord | undefined,
  shares: boolean,
): void => {
  const known = changeProcess(ledger, child, { parent: event.tgid, bornAt: child.bornAt || event.at });
  const space = ledger.spaces.get(known.space);
  // It has made an exec since: what it had from its parent is gone.
  if (parentSpace === undefined || space === undefined || known.generation > 0) return;
  if (!shares) {
    inherit(ledger, known, parentSpace, event.at);
    return;
  }
  if (space.id === parentSpace.id) return;
  const other = space.key === undefined ? undefined : contextKey(space.key);
  if (other !== undefined && other !== contextKey(event.space)) return;
  const evidence = space.evidence;
  const moved = switchSpace(ledger, known, parentSpace);
  if (evidence === undefined) return;
  if (isOtherImage(space.image, parentSpace.image)) {
    // It is from after an exec whose event is still on the way (vfork).
    hold(ledger, moved, { kind: 'snapshot', pid: known.pid, startedAt: space.readAt, evidence });
    return;
  }
  const joined = ledger.spaces.get(parentSpace.id);
  if (joined === undefined || joined.readAt >= space.readAt) return;
  const { readAt, image, verdict } = space;
  changeSpace(ledger, joined, { evidence, readAt, image, verdict, dirty: joined.lastEventAt > readAt });
};

/** Keeps a reading for the exec event that explains it. */
export const hold = (ledger: Ledger, process: ProcessRecord, held: Snapshot): void => {
  changeProcess(ledger, process, { held });
  ledger.holding.add(process.key);
};

/** A copy of the parent's address space: its vDSO is where the parent's was, and no event will say so. */
const inherit = (ledger: Ledger, child: ProcessRecord, parent: SpaceRecord | undefined, at: bigint): void => {
  const space = ledger.spaces.get(child.space);
  if (space === undefined || parent === undefined || space.id === parent.id) return;
  const before = parent.past.filter((move) => move.at <= at);
  const later = space.past.filter((move) => move.at > at);
  if (space.evidence !== undefined) ledger.unjudged.add(space.id);
  changeSpace(ledger, space, {
    bornAt: at,
    // Read already as another image: an exec whose event is late came between, and its own children must not be told
    // where the vDSO of the former image was put.
    placedAt: isOtherImage(space.image, parent.image) ? space.placedAt : parent.placedAt,
    past: [...before, ...later],
    moves: space.moves + parent.moves - (parent.past.length - before.length),
    truth: space.truth ?? (parent.truth !== undefined && parent.truth.at <= at ? parent.truth : undefined),
    presence:
      space.presence ?? (parent.presence !== undefined && parent.presence.at <= at ? parent.presence : undefined),
    lastEventAt: laterOf(space.lastEventAt, at),
    dirty: space.readAt <= at || space.dirty,
    // A reading of the parent from after the fork says nothing about the child.
    image: space.image ?? (parent.readAt <= at || parent.placedAt !== undefined ? parent.image : undefined),
    verdict: space.verdict ?? (parent.readAt <= at ? parent.verdict : undefined),
    noise: space.noise ?? parent.noise,
  });
};

/** A thread that ends changes nothing; the last one ends the process. */
export const onExit = (ledger: Ledger, event: ExitEvent): Concerned => {
  const owner = lastOwner(ledger, event.tgid);
  // Of a former owner, or of nobody we know: an exit never brings anybody back.
  if (owner === undefined || event.at < owner.bornAt || isFormers(ledger, owner, event.at))
    return { process: undefined, space: undefined };
  if (event.wholeProcess) endProcess(ledger, owner, event.at);
  return { process: ledger.processes.get(owner.key), space: ledger.spaces.get(owner.space) };
};

/** Start ticks are whole hundredths of a second: an exit from before it was first found alive is a former owner's. */
const isFormers = (ledger: Ledger, owner: ProcessRecord, at: bigint): boolean =>
  at < owner.firstSeen &&
  owner.startTicks !== undefined &&
  (ledger.spaces.get(owner.space)?.evidence?.vmas?.length ?? 0) > 0;

/** Marks the end; the entry stays for a minute. */
export const endProcess = (ledger: Ledger, process: ProcessRecord, at: bigint): void => {
  if (process.exitedAt !== undefined) {
    // A census missed it before its exit event came, which knows better when.
    if (at < process.exitedAt) changeProcess(ledger, process, { exitedAt: at });
    return;
  }
  changeProcess(ledger, process, { exitedAt: at, held: undefined });
  ledger.holding.delete(process.key);
  ledger.exited.set(process.key, at);
  const space = ledger.spaces.get(process.space);
  if (space === undefined) return;
  const left = changeSpace(ledger, space, { sharers: space.sharers - 1, dirty: space.sharers > 1 && space.dirty });
  if (left.sharers === 0 && left.key?.id === 0n) unbind(ledger, left);
};

/** Seen alive after all: an exit was believed too early. */
export const reviveProcess = (ledger: Ledger, process: ProcessRecord): ProcessRecord => {
  ledger.exited.delete(process.key);
  const space = ledger.spaces.get(process.space);
  if (space !== undefined) changeSpace(ledger, space, { sharers: space.sharers + 1 });
  return changeProcess(ledger, process, { exitedAt: undefined });
};

/** Forgets who has been gone for a minute, and the oldest when there are too many. */
export const expire = (ledger: Ledger): void => {
  for (const [key, at] of ledger.exited) {
    if (ledger.now - at < LIMITS.exitedNs && ledger.exited.size <= LIMITS.exited) break;
    ledger.exited.delete(key);
    const process = ledger.processes.get(key);
    if (process === undefined) continue;
    leave(ledger, process);
    removeProcess(ledger, key);
    if (ledger.byPid.get(process.pid) === key) ledger.byPid.delete(process.pid);
  }
};

/** A process that /proc shows and no event has announced. */
export const discover = (
  ledger: Ledger,
  found: { pid: number; comm: string; at: bigint; startTicks: bigint; parent: number | undefined },
): ProcessRecord => newProcess(ledger, { ...found, bornAt: bootTimeOf(found.startTicks) });
