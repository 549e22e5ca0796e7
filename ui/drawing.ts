import type { PageSet } from '../src/judge/baseline.js';
import type { WatchState } from '../src/model/state.js';
import { rememberedPlaces } from './asked.js';
import type { ScreenControls } from './controls.js';
import type { Updated } from './effect.js';
import { rememberedForecasts } from './forecasts.js';
import { type Drawn, draw } from './frame.js';
import { geometry, type Size } from './geometry.js';
import type { Key } from './keys.js';
import { createListing } from './listing.js';
import type { Theme } from './theme.js';
import { update } from './update.js';
import type { ViewState } from './view.js';

/** Frames, and keys pressed in them. What costs is remembered from one frame to the next. */
export interface Drawing {
  readonly draw: (state: WatchState, view: ViewState, size: Size) => Drawn;
  /** `update`, of what is on the screen. */
  readonly press: (key: Key, state: WatchState, view: ViewState, size: Size) => Updated;
  /** Has the last frame left something for the next? */
  readonly isBehind: () => boolean;
}

export const openDrawing = (controls: ScreenControls, theme: Theme): Drawing => {
  const listing = createListing();
  const grouped = onceASecond((state: WatchState): readonly PageSet[] => controls.pageSets?.(state) ?? []);
  const forecasts = rememberedForecasts(controls.foretell);
  const placeOf = rememberedPlaces(controls.place);
  return {
    draw: (state, view, size) => {
      forecasts.begin();
      const shown = { state, listing: listing(state, view), pageSets: () => grouped(state), placeOf, forecasts };
      return draw(shown, view, size, theme);
    },
    press: (key, state, view, size) => {
      const listed = listing(state, view);
      const shape = geometry(size, view, state.tracer.notes.length > 0, listed.rows.length);
      return update(view, key, { listing: listed, shape });
    },
    isBehind: forecasts.isBehind,
  };
};

/** Grouping ten thousand processes takes a while: once a second is enough, and only while it is looked at. */
const onceASecond = <From, To>(make: (from: From) => To): ((from: From) => To) => {
  let last: { readonly at: number; readonly made: To } | undefined;
  return (from) => {
    const at = performance.now();
    if (last === undefined || at - last.at > 1000) last = { at, made: make(from) };
    return last.made;
  };
};
