/**
 * Which entries of a map have been put, replaced or removed: for faces that remember what they saw last and would
 * rather not look at ten thousand entries ten times a second.
 */
export interface Journal {
  /** How many changes there were. */
  readonly count: number;
  /** Keys that changed since there were `count` changes, some more than once; undefined: too many to remember. */
  readonly since: (count: number) => readonly string[] | undefined;
}

/** The map's owner writes it, once per change. */
export interface OpenJournal extends Journal {
  readonly note: (key: string) => void;
}

/** `most`: changes that are remembered. */
export const openJournal = (most = MOST): OpenJournal => {
  const keys: string[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    since: (known) =>
      count - known > most
        ? undefined
        : Array.from({ length: count - known }, (_, at) => keys[(known + at) % most] ?? ''),
    note: (key) => {
      keys[count % most] = key;
      count += 1;
    },
  };
};

/** Some thousand events: a tenth of a second of a storm. */
const MOST = 8192;
