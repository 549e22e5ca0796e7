import type { Failure } from '../model/failure.js';

/** What bundle.json calls its format. */
export const BUNDLE_FORMAT = 'vdsowatch-bundle/1';

/** What a bundle may hold. Far above anything real, far below anything that hurts. Sizes in bytes. */
export const LIMITS = {
  /** All files that are kept, together. */
  total: 256 << 20,
  /** What an archive may unpack to, kept or not. */
  unpacked: 512 << 20,
  processes: 65_536,
  /** Files in an archive or directory, of any name. */
  entries: 500_000,
} as const;

/**
 * The most that one file of a bundle may have, by its path inside it; undefined for a file no bundle has, which is
 * left alone.
 */
export const fileLimit = (path: string): number | undefined => {
  if (path === 'bundle.json') return 4 << 20;
  const inside = /^\d{1,10}\/(.+)$/.exec(path)?.[1];
  if (inside === undefined) return undefined;
  const plain = PLAIN.get(inside);
  if (plain !== undefined) return plain;
  if (/^ns\/[a-z_]{1,32}$/.test(inside)) return 4096;
  if (/^(pagemap|kpageflags|mem)\/[0-9a-f]{1,16}\.bin$/.test(inside)) return 32 << 20;
  return undefined;
};

const PLAIN = new Map([
  ['maps', 64 << 20],
  ['smaps', 128 << 20],
  ['auxv', 64 << 10],
  ['stat', 64 << 10],
  ['status', 64 << 10],
  ['comm', 4096],
  ['cmdline', 4 << 20],
]);

/** Files of a bundle by path inside it ("bundle.json", "4711/maps"). */
export type BundleFiles = ReadonlyMap<string, Uint8Array>;

/** What came of a directory or an archive. */
export interface Loaded {
  readonly files: BundleFiles;
  /** Paths inside it of files that are there and could not be had; `problems` speaks of them. */
  readonly lost: ReadonlySet<string>;
  readonly problems: readonly Failure[];
}

/** Nothing of it is missing. */
export const whole = (files: BundleFiles): Loaded => ({ files, lost: new Set(), problems: [] });
