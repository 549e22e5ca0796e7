/**
 * How much is kept of things that later lines name by number. Writer and reader keep the same; a name of something
 * dropped is never written. It bounds the reader's memory whatever a file says.
 */

/** Blobs, in base64 characters. */
export const BLOBS = { most: 256, heaviest: 16 * 1024 * 1024 } as const;
/** Newest snapshot of a process, by pid. */
export const SNAPSHOTS = { most: 100_000 } as const;
export const HOSTS = { most: 64 } as const;
