/** When the screen is painted again: once for all that is new in one turn of the event loop. */
export interface Repaint {
  readonly soon: () => void;
  readonly now: () => void;
  /** After so many ms, unless it is painted before. */
  readonly after: (ms: number) => void;
  readonly stop: () => void;
}

export const openRepaint = (paint: () => void): Repaint => {
  let due = false;
  let stopped = false;
  let later: NodeJS.Timeout | undefined;

  const now = (): void => {
    due = false;
    if (stopped) return;
    clearTimeout(later);
    paint();
  };
  const soon = (): void => {
    if (due || stopped) return;
    due = true;
    setImmediate(now);
  };

  return {
    soon,
    now,
    after: (ms) => {
      clearTimeout(later);
      later = setTimeout(soon, ms);
    },
    stop: () => {
      stopped = true;
      clearTimeout(later);
    },
  };
};

/** When frames may follow each other. */
export interface Pace {
  /** A frame is painted at this time (any clock, ms), and took `cost` ms: how long until the next one may be, ms. */
  readonly gap: (at: number, cost: number) => number;
}

/**
 * Ten frames a second for as long as there is something new, and a few at once after a rest: one call is painted when
 * it comes, when its reading comes, and when what it explains comes, all in a tenth of a second. One that takes long
 * to paint is followed later even then.
 */
export const openPace = (): Pace => {
  let saved = MOST_SAVED;
  let last: number | undefined;
  return {
    gap: (at, cost) => {
      const earned = last === undefined ? 0 : (at - last) / LONGEST;
      saved = Math.min(MOST_SAVED, saved + earned) - 1;
      last = at;
      return saved >= 0 ? Math.max(SHORTEST, Math.min(SHARE * cost, LONGEST)) : LONGEST;
    },
  };
};

/** ms. */
const SHORTEST = 25;
const LONGEST = 100;
/** Painting in a burst may take a fiftieth of the time. */
const SHARE = 50;
/** Frames that may come at once. */
const MOST_SAVED = 5;
