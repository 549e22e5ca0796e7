import { Observable } from 'rxjs';
import type { Evidence } from '../model/evidence.js';
import { isVdsoNamed, isVvarNamed } from '../model/vma.js';
import type { Depth } from '../proc/process.js';
import type { Reader } from './observation.js';

/** How one process is read, live. */
export type ReadProcess = (pid: number, depth: Depth) => Evidence;

export interface LiveReading {
  /** After an event. */
  readonly read: Reader;
  /** In a sweep. */
  readonly sweep: (pid: number) => Evidence;
}

/**
 * What only a thorough reading shows (a seal, copies of a vDSO in nameless memory) would come and go with the depth of
 * the readings. So whoever showed such a thing once is read thoroughly from then on, and so are its children.
 */
export const liveReading = (readProcess: ReadProcess): LiveReading => {
  /** Pid -> start, of those that need it; a pid that is reused costs one reading too much. */
  const odd = new Map<number, bigint | undefined>();
  const isOdd = (pid: number | undefined): boolean => pid !== undefined && odd.has(pid);
  const readAt = (pid: number, depth: Depth): Evidence => {
    const evidence = readProcess(pid, depth);
    const { startTicks } = evidence.process;
    if (depth === 'full' && needsDepth(evidence)) {
      if (odd.size >= MOST) odd.clear();
      odd.set(pid, startTicks);
    } else if (depth === 'full' || (odd.has(pid) && odd.get(pid) !== startTicks)) odd.delete(pid);
    return evidence;
  };
  return {
    read: ({ pid, thorough, parent }) =>
      new Observable((subscriber) => {
        subscriber.next(readAt(pid, thorough || isOdd(pid) || isOdd(parent) ? 'full' : 'census'));
        subscriber.complete();
      }),
    sweep: (pid) => readAt(pid, isOdd(pid) ? 'full' : 'census'),
  };
};

const MOST = 10_000;

/** Sealed, once writable, or with other memory that was looked at because it could be taken for a vDSO. */
const needsDepth = ({ vmas, smaps, pagemap }: Evidence): boolean =>
  vmas?.some((vma) => {
    if (!isVdsoNamed(vma)) return pagemap.has(vma.start) && !isVvarNamed(vma);
    const flags = smaps?.get(vma.start)?.flags;
    return flags !== undefined && (flags.has('sl') || flags.has('ac'));
  }) === true;
