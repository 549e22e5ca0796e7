/** The newest so many of what is put in, of at most so much weight together; the oldest is dropped first. */
export interface Store<K, V> {
  readonly get: (key: K) => V | undefined;
  readonly put: (key: K, value: V, weight?: number) => void;
  readonly delete: (key: K) => void;
  readonly clear: () => void;
}

/** `most`: how many; `heaviest`: how much, in whatever unit their weights are given. What is put again is new again. */
export const openStore = <K, V>(most: number, heaviest = Number.POSITIVE_INFINITY): Store<K, V> => {
  const kept = new Map<K, { readonly value: V; readonly weight: number }>();
  let total = 0;
  const drop = (key: K): void => {
    total -= kept.get(key)?.weight ?? 0;
    kept.delete(key);
  };
  return {
    get: (key) => kept.get(key)?.value,
    put: (key, value, weight = 0) => {
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
