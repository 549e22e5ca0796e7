/**
 * A store of things that later lines name by number. Writer and reader keep the same: the newest so many, of at most
 * so much weight, oldest dropped first; a name of something dropped is never written. It bounds the reader's memory
 * whatever a file says.
 */
export interface Store<K, V> {
  readonly get: (key: K) => V | undefined;
  readonly put: (key: K, value: V, weight: number) => void;
  readonly delete: (key: K) => void;
  readonly clear: () => void;
}

export const openStore = <K, V>(most: number, heaviest = Number.POSITIVE_INFINITY): Store<K, V> => {
  const kept = new Map<K, { readonly value: V; readonly weight: number }>();
  let total = 0;
  const drop = (key: K): void => {
    total -= kept.get(key)?.weight ?? 0;
    kept.delete(key);
  };
  return {
    get: (key) => kept.get(key)?.value,
    put: (key, value, weight) => {
      drop(key);
      kept.set(key, { value, weight });
      total += weight;
      for (const oldest of kept.keys()) {
        if (kept.size <= most && total <= heaviest) break;
        drop(oldest);
      }
    },
    delete: drop,
    clear: () => {
      kept.clear();
      total = 0;
    },
  };
};

/** Blobs, in base64 characters. */
export const BLOBS = { most: 256, heaviest: 16 * 1024 * 1024 } as const;
/** Newest snapshot of a process, by pid. */
export const SNAPSHOTS = { most: 100_000 } as const;
export const HOSTS = { most: 64 } as const;
