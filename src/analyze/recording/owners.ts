import type { Evidence } from '../../model/evidence.js';
import { bootTimeOf, isStart } from '../../pipeline/start-ticks.js';
import { type Instant, type Life, newLife } from './life.js';

/** Who had each pid, in bounded memory: a pid is given again, by a restore of CRIU to the same program at once. */
export interface Owners {
  /** Owners of a pid now, or of one that has not been given again. */
  readonly current: () => Iterable<Life>;
  readonly count: () => number;
  /**
   * Who had it then; one that is not known yet begins with this. Undefined: nobody known. What a ring held back comes
   * after a reading of the next owner, and is none of its doing. `does`: it did something itself, which nobody does who
   * has ended: that is the next owner, whose fork is still to come.
   */
  readonly at: (pid: number, at: bigint, comm: string, does: boolean) => Life | undefined;
  /** The same, of those that are known. */
  readonly known: (pid: number, at: bigint) => Life | undefined;
  /** Whose reading it is: a pid with other start ticks has another owner. */
  readonly read: (evidence: Evidence) => Life | undefined;
  /** Whom a fork made: it may have been met before. Undefined: the pid has had another owner since. */
  readonly born: (pid: number, comm: string, instant: Instant) => Life | undefined;
  readonly end: (life: Life, instant: Instant) => void;
  /** Nothing that was known goes on. */
  readonly endAll: () => void;
  /** All that are kept, oldest owner of a pid first, and how many are not. */
  readonly all: () => { readonly lives: readonly Life[]; readonly forgotten: number };
}

/** Ended processes of which nothing is to be said; then those of which something is. */
const MOST_ENDED = 2000;
const MOST_REMARKABLE = 1000;

/** `wanted`: processes to keep, whatever is said of them. */
export const openOwners = (wanted: (life: Life) => boolean): Owners => {
  /** Newest owner of each pid. */
  const byPid = new Map<number, Life>();
  /** Ended ones that are still in `byPid`, oldest end first. */
  const ended = new Set<Life>();
  let archived: Life[] = [];
  let forgotten = 0;

  const archive = (life: Life): void => {
    if (life.former !== undefined) archive(life.former);
    life.former = undefined;
    ended.delete(life);
    if (byPid.get(life.pid) === life) byPid.delete(life.pid);
    if (!life.remarkable && !wanted(life)) return;
    archived.push(life);
    if (archived.length <= MOST_REMARKABLE) return;
    const index = archived.findIndex((one) => !wanted(one));
    archived = archived.filter((_, other) => other !== Math.max(index, 0));
    forgotten += 1;
  };

  const begin = (pid: number, comm: string, born: Instant | undefined): Life => {
    const former = byPid.get(pid);
    const life = newLife(pid, comm, born);
    if (former !== undefined && ended.has(former)) archive(former);
    else if (former !== undefined) {
      former.ended ??= born;
      life.former = former;
    }
    byPid.set(pid, life);
    return life;
  };

  const known = (pid: number, at: bigint): Life | undefined => {
    const life = byPid.get(pid);
    return life !== undefined && at < startOf(life) ? life.former : life;
  };

  return {
    current: () => byPid.values(),
    count: () => byPid.size + archived.length,
    known,
    at: (pid, at, comm, does) => {
      if (!byPid.has(pid)) return begin(pid, comm, undefined);
      const life = known(pid, at);
      const isOver = does && life?.ended !== undefined && life.ended.at < at && life === byPid.get(pid);
      return isOver ? begin(pid, comm, undefined) : life;
    },
    read: ({ process: { pid, startTicks, comm }, takenAt }) => {
      if (startTicks === undefined) return undefined;
      const newest = byPid.get(pid);
      // Its former owner was read before that fork, in the same frame.
      if (newest?.born !== undefined && takenAt !== undefined && takenAt < newest.born.at) return newest.former;
      if (newest?.startTicks !== undefined && newest.startTicks > startTicks) return undefined;
      const life = newest === undefined || (newest.startTicks ?? startTicks) !== startTicks ? undefined : newest;
      const owner = life ?? begin(pid, comm ?? '', undefined);
      owner.startTicks = startTicks;
      if (comm !== undefined) owner.comm = comm;
      return owner;
    },
    born: (pid, comm, instant) => {
      const newest = byPid.get(pid);
      if (newest === undefined || isOlder(newest, instant.at)) return begin(pid, comm, instant);
      if (!isChild(newest, instant.at)) return undefined;
      newest.born = instant;
      if (newest.former !== undefined) newest.former.ended ??= instant;
      return newest;
    },
    end: (life, instant) => {
      const newest = byPid.get(life.pid);
      if (newest?.former === life) {
        life.ended = instant;
        newest.former = undefined;
        archive(life);
        return;
      }
      life.ended ??= instant;
      ended.add(life);
      for (const oldest of ended) {
        if (ended.size <= MOST_ENDED) break;
        archive(oldest);
      }
    },
    endAll: () => {
      for (const life of [...byPid.values()]) archive(life);
    },
    all: () => {
      const current = [...byPid.values()].flatMap((life) => (life.former === undefined ? life : [life.former, life]));
      return { lives: [...archived, ...current], forgotten };
    },
  };
};

/**
 * Boot clock, ns; 0: unknown. Start ticks are whole hundredths of a second: as long as the end of the former owner is
 * still to come, what is older than the first reading is of that.
 */
const startOf = ({ born, startTicks, former, first }: Life): bigint => {
  if (born !== undefined) return born.at;
  const start = startTicks === undefined ? 0n : bootTimeOf(startTicks);
  return former !== undefined && first !== undefined && first.at > start ? first.at : start;
};

/** Did a fork of this time make it, that was met before the fork came? */
const isChild = (life: Life, at: bigint): boolean => {
  const { born, startTicks, first, lines } = life;
  if (born !== undefined) return born.at === at;
  const met = first?.at ?? lines[0]?.line.at ?? at;
  return met >= at && (startTicks === undefined || isStart(startTicks, at));
};

const isOlder = (life: Life, at: bigint): boolean => startOf(life) <= at && !isChild(life, at);
