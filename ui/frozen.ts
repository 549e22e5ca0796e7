import { openJournal } from '../src/model/journal.js';
import type { WatchState } from '../src/model/state.js';

/** The state as it stays: the reducer shares its maps between states. */
export const frozenCopy = (live: WatchState): WatchState => ({
  ...live,
  processes: new Map(live.processes),
  spaces: new Map(live.spaces),
  changes: { processes: openJournal(), spaces: openJournal() },
});
