import type { Event } from '../model/event.js';
import { changeSpace } from './entries.js';
import { processAt } from './identity.js';
import type { Ledger } from './ledger.js';
import type { ProcessRecord, SpaceRecord } from './records.js';
import { knownSpace, spaceOf } from './spaces.js';

/** What an event turned out to be about; undefined where the state has moved on and only the line is left. */
export interface Concerned {
  readonly process: ProcessRecord | undefined;
  readonly space: SpaceRecord | undefined;
}

export const NOBODY: Concerned = { process: undefined, space: undefined };

/** Events of some process, as opposed to those of the tracer. */
export type ProcessEvent = Exclude<Event, { kind: 'heartbeat' | 'gap' | 'status' }>;

/** The process of an event and its address space. */
export const concernedBy = (ledger: Ledger, event: ProcessEvent): Concerned => {
  const process = processAt(ledger, event.tgid, event.at, event.comm);
  // What a process did before its pid was given to another may still concern those it shared its memory with.
  const space =
    process === undefined ? knownSpace(ledger, event.space) : spaceOf(ledger, process, event.space, event.at);
  return { process, space };
};

/** Likewise, and it is due for a fresh reading. */
export const touchedBy = (ledger: Ledger, event: ProcessEvent): Concerned => {
  const { process, space } = concernedBy(ledger, event);
  return { process, space: space && touch(ledger, space, event.at) };
};

/** Something happened to it at this time: what was read before is out of date. */
export const touch = (ledger: Ledger, space: SpaceRecord, at: bigint): SpaceRecord =>
  at <= space.lastEventAt ? space : changeSpace(ledger, space, { lastEventAt: at, dirty: isDirtyAfter(space, at) });

/** Of two times. */
export const laterOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Is its evidence out of date, after something that happened then? Not of a space that nobody is left in. */
export const isDirtyAfter = (space: SpaceRecord, at: bigint): boolean =>
  space.sharers > 0 && (space.dirty || at >= space.readAt);
