import { Observable } from 'rxjs';
import type { Evidence } from '../model/evidence.js';
import { isVdsoNamed, isVvarNamed } from '../model/vma.js';
import { type Sight, sightOf } from '../proc/glance.js';
import type { Depth } from '../proc/process.js';
import type { Reader } from './observation.js';

/** How one process is read, live. */
export type ReadProcess = (pid: number, depth: Depth) => Evidence;

/** Does it show what it showed when it was last read, as far as a glance tells? See proc/glance.ts. */
export type Glance = (pid: number, sight: Sight) => boolean;

export interface LiveReading {
  /** After an event. */
  readonly read: Reader;
  /** In a sweep. */
  readonly sweep: (pid: number) => Evidence;
  /** In a sweep, where a glance will do; undefined: it showed nothing new. */
  readonly glance: (pid: number) => Evidence | undefined;
  /** Who there is: nothing is kept of others. */
  readonly keep: (pids: readonly number[]) => void;
}

/**
 * What only a thorough reading shows (a seal, copies of a vDSO in nameless memory) would come and go with the depth of
 * the readings. So whoever showed such a thing once is read thoroughly from then on, and so are its children.
 */
export const liveReading = (readProcess: ReadProcess, showsTheSame: Glance = () => false): LiveReading => {
  const sights = new Map<number, Sight>();
  /** Pid -> start, of those that need it; a pid that is reused costs one reading too much. */
  const odd = new Map<number, bigint | undefined>();
  const isOdd = (pid: number | undefined): boolean => pid !== undefined && odd.has(pid);
  const readAt = (pid: number, depth: Depth): Evidence => {
    const evidence = readProcess(pid, depth);
    const { startTicks } = evidence.process;
    const sight = sightOf(evidence, sights.get(pid));
    if (sight === undefined) sights.delete(pid);
    else sights.set(pid, sight);
    if (depth === 'full' && needsDepth(evidence)) {
      if (odd.size >= MOST) odd.clear();
      odd.set(pid, startTicks);
    } else if (depth === 'full' || (odd.has(pid) && odd.get(pid) !== startTicks)) odd.delete(pid);
    return evidence;
  };
  const sweep = (pid: number): Evidence => readAt(pid, isOdd(pid) ? 'full' : 'census');
  return {
    read: ({ pid, thorough, parent }) =>
      new Observable((subscriber) => {
        subscriber.next(readAt(pid, thorough || isOdd(pid) || isOdd(parent) ? 'full' : 'census'));
        subscriber.complete();
      }),
    sweep,
    glance: (pid) => {
      const sight = sights.get(pid);
      return sight !== undefined && showsTheSame(pid, sight) ? undefined : sweep(pid);
    },
    keep: (pids) => {
      if (sights.size <= pids.length + MOST) return;
      const there = new Set(pids);
      for (const pid of sights.keys()) if (!there.has(pid)) sights.delete(pid);
    },
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
