import type { Ledger } from './ledger.js';
import type { ProcessRecord, SpaceRecord } from './records.js';

/** Entries of the ledger are replaced, never changed (see ledger.ts); here alone, so that every change is noted. */

/** A new entry, or one in the place of the old. */
export const putProcess = (ledger: Ledger, process: ProcessRecord): ProcessRecord => {
  ledger.processes.set(process.key, process);
  ledger.changes.processes.note(process.key);
  return process;
};

export const putSpace = (ledger: Ledger, space: SpaceRecord): SpaceRecord => {
  ledger.spaces.set(space.id, space);
  ledger.changes.spaces.note(space.id);
  return space;
};

export const removeProcess = (ledger: Ledger, key: string): void => {
  ledger.processes.delete(key);
  ledger.changes.processes.note(key);
};

export const removeSpace = (ledger: Ledger, id: string): void => {
  ledger.spaces.delete(id);
  ledger.changes.spaces.note(id);
};

/**
 * A changed entry takes the place of the old one. The copies are spelled out: an object spread of an object spread
 * gets a hidden class of its own each time (V8 of Node 20 and 22), which made a step twenty times slower.
 */
export const changeProcess = (ledger: Ledger, process: ProcessRecord, changes: Partial<ProcessRecord>): ProcessRecord =>
  putProcess(ledger, Object.assign(copyProcess(process), changes));

export const changeSpace = (ledger: Ledger, space: SpaceRecord, changes: Partial<SpaceRecord>): SpaceRecord =>
  putSpace(ledger, Object.assign(copySpace(space), changes));

const copyProcess = (old: ProcessRecord): ProcessRecord => ({
  key: old.key,
  pid: old.pid,
  comm: old.comm,
  parent: old.parent,
  space: old.space,
  generation: old.generation,
  exitedAt: old.exitedAt,
  unreadable: old.unreadable,
  startTicks: old.startTicks,
  bornAt: old.bornAt,
  firstSeen: old.firstSeen,
  held: old.held,
});

const copySpace = (old: SpaceRecord): SpaceRecord => ({
  id: old.id,
  key: old.key,
  evidence: old.evidence,
  verdict: old.verdict,
  sharers: old.sharers,
  moves: old.moves,
  history: old.history,
  dirty: old.dirty,
  bornAt: old.bornAt,
  placedAt: old.placedAt,
  past: old.past,
  truth: old.truth,
  presence: old.presence,
  lastEventAt: old.lastEventAt,
  readAt: old.readAt,
  image: old.image,
  members: old.members,
  unexplained: old.unexplained,
  replaced: old.replaced,
  noise: old.noise,
});
