import type { Evidence, Host } from '../model/evidence.js';
import { failed, failure, type Outcome } from '../model/failure.js';

/** What a `vdsowatch-bundle/1` holds: one Evidence per pid directory, ascending. */
export interface BundleContents {
  readonly path: string;
  readonly host: Host;
  readonly note: string | undefined;
  readonly processes: readonly Evidence[];
  /** Files that were there and were not what a kernel or `capture` writes, one sentence each, escaped. */
  readonly warnings: readonly string[];
}

/** Reads a bundle: a directory, or a .tar or .tar.gz of one. Bounded in memory, never outside the bundle. */
export const readBundle = async (_path: string): Promise<Outcome<BundleContents>> =>
  failed(failure('bad-input', 'reading bundles is not built yet'));
