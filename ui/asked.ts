import type { Evidence } from '../src/model/evidence.js';
import type { ScreenControls } from './controls.js';
import { hasExited, type Row } from './row.js';

/** What is asked of a process beside its state, by what was known of it when it was asked. */
export interface Answers<K extends object, T> {
  readonly of: (known: K, pid: number) => T | undefined;
  readonly keep: (known: K, pid: number, told: T) => T;
}

/** By pid too: an address space that two processes share is read once for both. */
export const openAnswers = <K extends object, T>(): Answers<K, T> => {
  const all = new WeakMap<K, Map<number, T>>();
  return {
    of: (known, pid) => all.get(known)?.get(pid),
    keep: (known, pid, told) => {
      const those = all.get(known);
      if (those === undefined) all.set(known, new Map([[pid, told]]));
      else those.set(pid, told);
      return told;
    },
  };
};

/**
 * Where a row's process runs; of one that has ended nobody knows. Asked once for each reading of it, for the detail is
 * drawn ten times a second; of one that was not read each time.
 */
export const rememberedPlaces = (place: ScreenControls['place']): ((row: Row) => string | undefined) => {
  const known = openAnswers<Evidence, { readonly text: string | undefined }>();
  return (row) => {
    const { pid } = row.process;
    const evidence = row.space?.evidence;
    if (hasExited(row)) return undefined;
    if (evidence === undefined) return place?.(pid);
    return (known.of(evidence, pid) ?? known.keep(evidence, pid, { text: place?.(pid) })).text;
  };
};
