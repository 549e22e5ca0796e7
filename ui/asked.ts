import type { Evidence } from '../src/model/evidence.js';
import type { Forecast } from '../src/model/verdict.js';
import type { ScreenControls } from './controls.js';
import { hasExited, type Row } from './row.js';

/**
 * What is asked of a process beside its state is asked once for each reading of it: the detail is drawn ten times a
 * second. Of one that was not read it is asked each time.
 */
const onceAReading = <T>(ask: (row: Row) => T): ((row: Row) => T) => {
  const known = new WeakMap<Evidence, { readonly pid: number; readonly told: T }>();
  return (row) => {
    const { pid } = row.process;
    const evidence = row.space?.evidence;
    const before = evidence && known.get(evidence);
    // An address space that two processes share is read once for both.
    if (before?.pid === pid) return before.told;
    const told = ask(row);
    if (evidence !== undefined) known.set(evidence, { pid, told });
    return told;
  };
};

/** What a dump would make of a row's process. */
export const rememberedForecasts = (foretell: ScreenControls['foretell']): ((row: Row) => Forecast | undefined) => {
  const ask = onceAReading(({ process }) => foretell?.(process));
  return (row) =>
    row.space?.evidence === undefined || row.space.verdict?.applicable !== true || hasExited(row)
      ? undefined
      : ask(row);
};

/** Where a row's process runs; of one that has ended nobody knows. */
export const rememberedPlaces = (place: ScreenControls['place']): ((row: Row) => string | undefined) => {
  const ask = onceAReading(({ process }) => place?.(process.pid));
  return (row) => (hasExited(row) ? undefined : ask(row));
};
