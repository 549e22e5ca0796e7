import { openJournal } from '../src/model/journal.js';
import type { WatchState } from '../src/model/state.js';
import { NOTHING_YET } from './view.js';

/** The state to be shown: the newest, or the one that was frozen. */
export interface ShownState {
  readonly take: (live: WatchState) => void;
  readonly freeze: (frozen: boolean) => void;
  readonly now: () => WatchState;
}

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
