import type { AddressSpace, ProcessState, WatchState } from '../src/model/state.js';
import { type Row, rowOf } from './row.js';

/** A process in the list; the row is replaced when the process or its address space has become another object. */
export interface Entry {
  row: Row;
  matches: boolean;
  present: boolean;
}

export interface Changes {
  readonly fresh: readonly Entry[];
  readonly changed: readonly Entry[];
  /** Some entries are no longer `present`. */
  readonly departed: boolean;
}

/**
 * Keeps one entry per process and says what is new since the last state. The maps of a state keep their order while
 * nothing comes or goes, so that both are walked beside arrays of what stood there last time: a walk over 10,000
 * processes that touches no hash costs 0.1 ms, with two look-ups each it costs 4.
 */
export const createCensus = (): ((state: WatchState) => Changes) => {
  const known = new Map<string, Entry>();
  const bySpace = new Map<string, Set<Entry>>();
  const processes: (ProcessState | undefined)[] = [];
  const spaces: (AddressSpace | undefined)[] = [];

  const settle = (entry: Entry, row: Row): void => {
    bySpace.get(entry.row.process.space)?.delete(entry);
    entry.row = row;
    const id = row.process.space;
    const entries = bySpace.get(id);
    if (entries === undefined) bySpace.set(id, new Set([entry]));
    else entries.add(entry);
  };

  return (state) => {
    const fresh: Entry[] = [];
    const changed = new Set<Entry>();

    let index = 0;
    for (const process of state.processes.values()) {
      if (processes[index] !== process) {
        processes[index] = process;
        const entry = known.get(process.key);
        if (entry === undefined) {
          const added: Entry = { row: rowOf(process, state.spaces.get(process.space)), matches: false, present: true };
          known.set(process.key, added);
          settle(added, added.row);
          fresh.push(added);
        } else if (entry.row.process !== process) {
          settle(entry, rowOf(process, state.spaces.get(process.space)));
          changed.add(entry);
        }
      }
      index += 1;
    }
    processes.length = index;

    index = 0;
    const displaced: AddressSpace[] = [];
    for (const space of state.spaces.values()) {
      const before = spaces[index];
      if (before !== space) {
        if (before !== undefined) displaced.push(before);
        spaces[index] = space;
        for (const entry of bySpace.get(space.id) ?? []) {
          if (entry.row.space === space) continue;
          entry.row = rowOf(entry.row.process, space);
          changed.add(entry);
        }
      }
      index += 1;
    }
    for (const before of [...displaced, ...spaces.slice(index)]) {
      if (before === undefined || state.spaces.has(before.id)) continue;
      for (const entry of bySpace.get(before.id) ?? []) {
        if (entry.row.space === undefined) continue;
        entry.row = rowOf(entry.row.process, undefined);
        changed.add(entry);
      }
    }
    spaces.length = index;

    const departed = known.size > state.processes.size;
    if (departed) forget(state);
    return { fresh, changed: [...changed], departed };
  };

  function forget(state: WatchState): void {
    for (const [key, entry] of known) {
      if (state.processes.has(key)) continue;
      entry.present = false;
      known.delete(key);
      const id = entry.row.process.space;
      const entries = bySpace.get(id);
      entries?.delete(entry);
      if (entries?.size === 0) bySpace.delete(id);
    }
  }
};
