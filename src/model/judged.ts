import type { Evidence, ProcessFacts } from './evidence.js';
import type { HistoryLine } from './state.js';
import type { Forecast, Verdict } from './verdict.js';

/** One judged process, before it is printed. */
export interface Judged extends Told {
  readonly evidence: Evidence;
}

/** The same, with no more of its evidence than table and machine form tell: that much is left of it after a census. */
export interface Told {
  readonly evidence: Pick<Evidence, 'source' | 'namespaces' | 'unread'> & {
    readonly process: Pick<ProcessFacts, 'pid' | 'comm' | 'kernelThread'>;
    /** Whether they were read. */
    readonly vmas: readonly unknown[] | undefined;
  };
  readonly verdict: Verdict;
  readonly forecast?: Forecast | undefined;
  readonly history?: readonly Pick<HistoryLine, 'at' | 'text' | 'severity'>[];
  /** Others are told like it; how far it lies from the first of them. */
  readonly alike?: { readonly likeness: Likeness; readonly by: bigint };
}

/**
 * Processes of which the same is told but for pid, name and addresses, as nearly all of a census are. Their text is made
 * for one of them, its addresses left open: 4 us instead of 12 for the machine form of each, and printed.
 */
export interface Likeness {
  /** What is told of one of them that lies `by` bytes from the first. */
  readonly placed: (by: bigint) => Told;
}
