import { openJournal } from '../src/model/journal.js';
import type { WatchState } from '../src/model/state.js';

/** The state to be shown: the newest, or the one that was frozen. */
export interface ShownState {
  readonly take: (live: WatchState) => void;
  readonly freeze: (frozen: boolean) => void;
  readonly now: () => WatchState;
}

/** Before the first state: nothing is known, and nothing is claimed. */
export const NOTHING_YET: WatchState = {
  host: { name: '', release: '', machine: '', privileged: true },
  tracer: { mode: 'starting', text: '', notes: [] },
  processes: new Map(),
  spaces: new Map(),
  recent: [],
  counters: { events: 0, rate: 0, lost: 0n, gaps: 0, snapshots: 0, sweeps: 0 },
  now: 0n,
};

export const openShownState = (): ShownState => {
  let live: WatchState = NOTHING_YET;
  let frozen: WatchState | undefined;
  return {
    take: (state) => {
      live = state;
    },
    freeze: (freeze) => {
      frozen = freeze ? frozenCopy(live) : undefined;
    },
    // Frozen means the processes; loss and mode are always those of now.
    now: () => (frozen === undefined ? live : { ...frozen, counters: live.counters, tracer: live.tracer }),
  };
};

/** The state as it stays: the reducer shares its maps between states. */
const frozenCopy = (live: WatchState): WatchState => ({
  ...live,
  processes: new Map(live.processes),
  spaces: new Map(live.spaces),
  changes: { processes: openJournal(), spaces: openJournal() },
});
