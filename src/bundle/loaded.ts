import type { Failure } from '../model/failure.js';
import type { BundleFiles } from './limits.js';

/** What came of a directory or an archive. */
export interface Loaded {
  readonly files: BundleFiles;
  /** Paths inside it of files that are there and could not be had; `problems` speaks of them. */
  readonly lost: ReadonlySet<string>;
  readonly problems: readonly Failure[];
}

/** Nothing of it is missing. */
export const whole = (files: BundleFiles): Loaded => ({ files, lost: new Set(), problems: [] });
