import type { Evidence } from '../model/evidence.js';
import type { Verdict } from '../model/verdict.js';
import type { KnownPages } from './context.js';

/** Processes that map the same vDSO pages. */
export interface PageSet extends KnownPages {
  /** Pids, ascending. */
  readonly processes: readonly number[];
  /**
   * host: the frames of this boot's own image; container: not the host's, but shared by at least two processes of
   * one UTS namespace (Virtuozzo); lone: neither.
   */
  readonly kind: 'host' | 'container' | 'lone';
}

/**
 * Groups judged processes by the clean pages of their vDSO. Processes with no page present belong to no group, and
 * copied pages never make one.
 */
export const baselines = (
  _judged: readonly { readonly evidence: Evidence; readonly verdict: Verdict }[],
): readonly PageSet[] => [];
