import { unreadableText } from '../judge/words.js';
import { CLOCK_ERROR } from '../model/event.js';
import type { Evidence } from '../model/evidence.js';
import { changeProcess, changeSpace, removeProcess } from './entries.js';
import { lastOwner } from './identity.js';
import { type Image, imageOf, isOtherImage } from './image.js';
import { kept, keptEvidence } from './kept.js';
import { isHeardUntil, type Ledger } from './ledger.js';
import { discover, endProcess, hold, reviveProcess } from './life.js';
import type { Census, Snapshot } from './observation.js';
import type { ProcessRecord, SpaceRecord } from './records.js';
import { nextGeneration } from './spaces.js';
import { bootTimeOf, ticksAt } from './start-ticks.js';

/** What /proc showed, joined with what is known; older and foreign readings change nothing. */
export const onSnapshot = (ledger: Ledger, snapshot: Snapshot): void => {
  ledger.counters.snapshots += 1;
  const process = readProcessOf(ledger, snapshot);
  if (process === undefined) return;
  const space = ledger.spaces.get(process.space);
  if (space === undefined || snapshot.startedAt < space.bornAt) return;
  const known = describe(ledger, process, snapshot.evidence);
  if (snapshot.startedAt <= space.readAt) return;
  const image = imageOf(snapshot.evidence.auxv);
  if (isOtherImage(image, space.image)) {
    anotherImage(ledger, known, snapshot);
    return;
  }
  settle(ledger, space, snapshot, image);
};

/** The reading becomes the evidence of the address space. */
const settle = (ledger: Ledger, space: SpaceRecord, snapshot: Snapshot, image: Image | undefined): void => {
  const { evidence, startedAt } = snapshot;
  const unread = evidence.vmas === undefined;
  changeSpace(ledger, space, {
    // A process that could not be read this time says nothing new: what was known before stays, with its date.
    ...(unread && space.evidence !== undefined
      ? {}
      : { evidence: keptEvidence(space.evidence, evidence), readAt: startedAt }),
    image: image?.places === undefined ? (space.image ?? image) : kept(space.image, image),
    dirty: (unread && space.dirty) || space.lastEventAt > startedAt || ledger.gapAt > startedAt,
  });
  ledger.unjudged.add(space.id);
};

/**
 * The reading shows another program image: an exec. With probes its event is on the way, so the reading waits for it;
 * without, or when none comes, the exec is taken as seen by its effect. A forged auxv (PR_SET_MM) looks the same, and
 * is told apart by its prctl event, which clears the image of the space.
 */
const anotherImage = (ledger: Ledger, process: ProcessRecord, snapshot: Snapshot): void => {
  if (isHeardUntil(ledger, snapshot.startedAt)) unseenExec(ledger, process, snapshot);
  else hold(ledger, process, snapshot);
};

const unseenExec = (ledger: Ledger, process: ProcessRecord, snapshot: Snapshot): void => {
  const space = nextGeneration(ledger, process, { at: 0n, key: undefined });
  settle(ledger, space, snapshot, imageOf(snapshot.evidence.auxv));
};

/** Snapshots that have waited long enough for their exec event: it was lost. */
export const releaseHeld = (ledger: Ledger): void => {
  for (const key of ledger.holding) {
    const process = ledger.processes.get(key);
    const held = process?.held;
    if (process === undefined || held === undefined) ledger.holding.delete(key);
    else if (isHeardUntil(ledger, held.startedAt)) {
      ledger.holding.delete(key);
      takeHeld(ledger, changeProcess(ledger, process, { held: undefined }), held);
    }
  }
};

/** Nothing more will come to explain it: the same image after all, or an exec that nobody saw. */
const takeHeld = (ledger: Ledger, process: ProcessRecord, held: Snapshot): void => {
  const space = ledger.spaces.get(process.space);
  const image = imageOf(held.evidence.auxv);
  if (isOtherImage(image, space?.image)) unseenExec(ledger, process, held);
  else if (space !== undefined && space.readAt < held.startedAt) settle(ledger, space, held, image);
};

/** Which of our processes was read: pid and start ticks must agree. undefined: none that matters. */
const readProcessOf = (ledger: Ledger, snapshot: Snapshot): ProcessRecord | undefined => {
  const { pid, startedAt } = snapshot;
  const { startTicks, comm, parent, state } = snapshot.evidence.process;
  const owner = lastOwner(ledger, pid);
  if (startTicks === undefined) {
    // Gone, or too locked to be told apart: it can only speak for a process that surely has this pid.
    return owner?.exitedAt === undefined && snapshot.evidence.unread.every(({ why }) => why !== 'gone')
      ? owner
      : undefined;
  }
  const found = { pid, comm: comm ?? '', at: startedAt, startTicks, parent };
  if (owner === undefined) return discover(ledger, found);
  if (!isSame(owner, startTicks)) {
    // A reading of a former owner that arrives late.
    if (bootTimeOf(startTicks) < (owner.startTicks === undefined ? owner.bornAt : bootTimeOf(owner.startTicks)))
      return undefined;
    endProcess(ledger, owner, bootTimeOf(startTicks));
    return discover(ledger, found);
  }
  const same = owner.startTicks === startTicks ? owner : rename(ledger, owner, startTicks);
  if (same.exitedAt === undefined) return same;
  const alive = state !== 'Z' && state !== 'X' && (snapshot.evidence.vmas?.length ?? 0) > 0;
  if (!alive) return undefined;
  // Read before its end: its last words. Read after it: the exit was somebody else's, or a thread's.
  return startedAt <= same.exitedAt + CLOCK_ERROR ? same : reviveProcess(ledger, same);
};

const isSame = (owner: ProcessRecord, startTicks: bigint): boolean => {
  if (owner.startTicks !== undefined) return owner.startTicks === startTicks;
  if (owner.bornAt === 0n) return startTicks <= ticksAt(owner.firstSeen);
  const difference = ticksAt(owner.bornAt) - startTicks;
  return difference >= 0n && difference <= 2n;
};

/** Its true start is known now: the key says so. */
const rename = (ledger: Ledger, process: ProcessRecord, startTicks: bigint): ProcessRecord => {
  const key = `${process.pid}@${startTicks}`;
  const bornAt = process.bornAt === 0n ? bootTimeOf(startTicks) : process.bornAt;
  if (key === process.key || ledger.processes.has(key)) return changeProcess(ledger, process, { startTicks, bornAt });
  removeProcess(ledger, process.key);
  ledger.byPid.set(process.pid, key);
  const space = ledger.spaces.get(process.space);
  if (space !== undefined)
    changeSpace(ledger, space, { members: space.members.map((member) => (member === process.key ? key : member)) });
  if (ledger.holding.delete(process.key)) ledger.holding.add(key);
  const exitedAt = ledger.exited.get(process.key);
  if (exitedAt !== undefined && ledger.exited.delete(process.key)) ledger.exited.set(key, exitedAt);
  return changeProcess(ledger, process, { key, startTicks, bornAt });
};

const describe = (ledger: Ledger, process: ProcessRecord, evidence: Evidence): ProcessRecord => {
  const unreadable = unreadableText(evidence) ?? undefined;
  const comm = evidence.process.comm ?? process.comm;
  const parent = evidence.process.parent ?? process.parent;
  if (comm === process.comm && parent === process.parent && unreadable === process.unreadable) return process;
  return changeProcess(ledger, process, { comm, parent, unreadable });
};

/** Who is on no list any more has gone, even if its exit was never seen. */
export const onCensus = (ledger: Ledger, { at, pids }: Census): void => {
  for (const process of ledger.processes.values())
    if (process.exitedAt === undefined && !pids.has(process.pid) && process.firstSeen < at && process.bornAt < at)
      endProcess(ledger, process, at);
};
