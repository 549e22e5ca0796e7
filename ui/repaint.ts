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
