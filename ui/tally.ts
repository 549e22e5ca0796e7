import { countOf, hasExited, isShared, type Row } from './row.js';

/** The counts of the header, and who shares an address space with whom. */
export interface Tally {
  /** Processes alive, before the filter. */
  readonly alive: number;
  readonly exited: number;
  readonly errors: number;
  readonly warnings: number;
  /** Pids by address space, ascending, where more than one process shares it. Changed in place. */
  readonly sharers: ReadonlyMap<string, readonly number[]>;
}

export interface OpenTally {
  readonly enter: (row: Row) => void;
  readonly leave: (row: Row) => void;
  readonly counts: () => Tally;
}

export const openTally = (): OpenTally => {
  const sharers = new Map<string, readonly number[]>();
  let alive = 0;
  let exited = 0;
  let errors = 0;
  let warnings = 0;

  const count = (row: Row, by: 1 | -1): void => {
    if (hasExited(row)) {
      exited += by;
      return;
    }
    alive += by;
    errors += by * countOf(row, 'error');
    warnings += by * countOf(row, 'warning');
  };

  return {
    enter: (row) => {
      count(row, 1);
      if (!isShared(row)) return;
      const { pid, space } = row.process;
      sharers.set(
        space,
        [...(sharers.get(space) ?? []), pid].sort((a, b) => a - b),
      );
    },
    leave: (row) => {
      count(row, -1);
      if (!isShared(row)) return;
      const { pid, space } = row.process;
      const known = sharers.get(space) ?? [];
      const place = known.indexOf(pid);
      const others = known.filter((_, index) => index !== place);
      if (others.length === 0) sharers.delete(space);
      else sharers.set(space, others);
    },
    counts: () => ({ alive, exited, errors, warnings, sharers }),
  };
};
