import type { Event } from '../../model/event.js';
import type { Evidence } from '../../model/evidence.js';
import type { HistoryLine, WatchState } from '../../model/state.js';
import type { Observation } from '../../pipeline/observation.js';
import type { PassedOver } from '../../trace/passed-lines.js';
import type { Replayed } from '../../trace/replay-frames.js';
import { noteDeed, passDeeds } from './deeds.js';
import { addLine, addLines, type Instant, isAlarm, type Life, lean, newLife, passLines } from './life.js';
import { takeState } from './state.js';
import { notePoke, noteProtection } from './writes.js';

export type Passed = ReadonlyMap<Event, PassedOver>;

/** Follows every process through a recording, in bounded memory. */
export interface Follower {
  /** `passed`: moves that were left out right before an event. */
  readonly take: (replayed: Replayed, content: readonly Observation[], passed: Passed) => void;
  /** Another run begins: nothing that was known goes on. */
  readonly nextRun: () => void;
  /** Who is to be told of, and how many more there were: those with nothing to tell go first. */
  readonly end: () => { readonly lives: readonly Life[]; readonly forgotten: number };
}

/** Ended processes of which nothing is to be said; then those of which something is. */
const MOST_ENDED = 2000;
const MOST_REMARKABLE = 1000;
/** In a report. */
const MOST_TOLD = 2000;
const PR_SET_MM_MAP = 14n;

/** `criu`: version the forecasts are for. `wanted`: processes to keep, whatever is said of them. */
export const follow = (criu: string, wanted: (life: Life) => boolean): Follower => {
  /** Newest owner of each pid. */
  const byPid = new Map<number, Life>();
  /** Ended ones that are still in `byPid`, oldest end first. */
  const ended = new Set<Life>();
  let archived: Life[] = [];
  let forgotten = 0;
  let last: WatchState | undefined;
  /** Time of day minus boot clock, ns. */
  let offset = 0n;
  const size = (): number => byPid.size + archived.length;

  const archive = (life: Life): void => {
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
    if (former !== undefined) {
      former.ended ??= born;
      archive(former);
    }
    const life = newLife(pid, comm, born);
    byPid.set(pid, life);
    return life;
  };

  const end = (life: Life, instant: Instant): void => {
    refresh(life, instant);
    life.ended ??= instant;
    ended.add(life);
    for (const oldest of ended) {
      if (ended.size <= MOST_ENDED) break;
      archive(oldest);
    }
  };

  /** Whose reading it is: a pid with other start ticks has another owner. */
  const ownerOf = ({ process: { pid, startTicks, comm } }: Evidence): Life | undefined => {
    if (startTicks === undefined) return undefined;
    const known = byPid.get(pid);
    if (known?.startTicks !== undefined && known.startTicks > startTicks) return undefined;
    const life = known === undefined || (known.startTicks ?? startTicks) !== startTicks ? undefined : known;
    const owner = life ?? begin(pid, comm ?? '', undefined);
    owner.startTicks = startTicks;
    if (comm !== undefined) owner.comm = comm;
    return owner;
  };

  const onPassed = (life: Life, { count, oldest, newest }: PassedOver): void => {
    passDeeds(life, count);
    if (life.ended !== undefined) return;
    addLines(life, oldest, size());
    passLines(life, count - oldest.length - newest.length, size());
    addLines(life, newest, size());
  };

  const onLine = (line: HistoryLine, time: bigint, before: Passed): Life | undefined => {
    if (line.pid === 0) return undefined;
    const instant = { at: line.at, time };
    const life = byPid.get(line.pid) ?? begin(line.pid, line.comm, undefined);
    if (line.comm !== '') life.comm = line.comm;
    const passed = line.event === undefined ? undefined : before.get(line.event);
    if (passed !== undefined) onPassed(life, passed);
    if (life.ended === undefined || line.event?.kind === 'exit') addLine(life, lean(line), time, size());
    if (isAlarm(line)) life.remarkable = true;
    const { event } = line;
    switch (event?.kind) {
      case 'call':
        noteProtection(life, event, instant);
        noteDeed(life, event, instant);
        if (line.comm === 'criu') life.restoring = true;
        break;
      case 'poke': {
        const victim = line.target === undefined || line.target === line.pid ? undefined : byPid.get(line.target);
        if (victim === undefined) break;
        notePoke(victim, event, instant);
        addLine(victim, lean(line), time, size());
        break;
      }
      case 'fork': {
        const child = begin(event.childPid, line.comm, instant);
        child.parent = { pid: life.pid, comm: life.comm };
        child.heirOf = life.copied.size > 0 ? life : undefined;
        addLine(child, lean(line), time, size());
        break;
      }
      case 'exit':
        if (event.wholeProcess) end(life, instant);
        break;
      case 'prctl':
        if (event.option === PR_SET_MM_MAP && life.restoring) life.restored = instant;
        break;
      default:
        break;
    }
    return life;
  };

  /** Takes over what the replayed state knows of it now; `known`: the latest at which it was true. */
  const refresh = (life: Life, known: Instant): void => {
    const process = last?.processes.get(`${life.pid}@${life.startTicks}`);
    const space = process === undefined ? undefined : last?.spaces.get(process.space);
    if (space !== undefined) takeState(life, space, known, criu);
  };

  /** A reading may have waited for an event that explains it, and been judged without a line. */
  const refreshAll = (): void => {
    if (last === undefined) return;
    for (const life of byPid.values())
      if (life.ended === undefined) refresh(life, { at: last.now, time: last.now + offset });
  };

  return {
    take: (replayed, content, passed) => {
      const { lines, state } = replayed.frame;
      last = state;
      offset = replayed.offset;
      const touched = new Map<Life, bigint>();
      for (const line of lines) {
        const vanished = line.gone === true && state.spaces.get(line.space)?.verdict?.applicable === false;
        const life = vanished ? undefined : onLine(line, line.at + offset, passed);
        if (life !== undefined) touched.set(life, line.at);
      }
      for (const observation of content) {
        if (observation.kind !== 'snapshot') continue;
        const life = ownerOf(observation.evidence);
        if (life !== undefined) touched.set(life, observation.startedAt);
      }
      for (const [life, at] of touched) if (life.ended === undefined) refresh(life, { at, time: at + offset });
    },
    nextRun: () => {
      refreshAll();
      last = undefined;
      for (const life of [...byPid.values()]) archive(life);
    },
    end: () => {
      refreshAll();
      const all = [...archived, ...byPid.values()];
      if (all.length <= MOST_TOLD) return { lives: all, forgotten };
      const worth = (life: Life): number => (wanted(life) ? 0 : life.remarkable ? 1 : 2);
      const chosen = new Set([...all].sort((one, other) => worth(one) - worth(other)).slice(0, MOST_TOLD));
      return { lives: all.filter((life) => chosen.has(life)), forgotten: forgotten + all.length - MOST_TOLD };
    },
  };
};
