import type { Event } from '../../model/event.js';
import type { HistoryLine, WatchState } from '../../model/state.js';
import { tellsLayout } from '../../pipeline/noise.js';
import type { Observation } from '../../pipeline/observation.js';
import type { PassedOver } from '../../trace/passed-lines.js';
import type { Replayed } from '../../trace/replay-frames.js';
import { passDeeds } from './deeds.js';
import { descend, noteCall, noteExec, noteRestored, noteVictim } from './happenings.js';
import { type Instant, isNotable, type Life } from './life.js';
import { addLine, addLines, addPokeLine, lean, passLines } from './lines.js';
import { openOwners } from './owners.js';
import { takeState } from './state.js';

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

/** In a report. */
const MOST_TOLD = 2000;

/** `criu`: version the forecasts are for. `wanted`: processes to keep, whatever is said of them. */
export const follow = (criu: string, wanted: (life: Life) => boolean): Follower => {
  const owners = openOwners(wanted);
  let last: WatchState | undefined;
  /** Time of day minus boot clock, ns. */
  let offset = 0n;

  /** A line that is about that process, behind the moves that were left out before it. */
  const write = (life: Life, line: HistoryLine, time: bigint, passed: PassedOver | undefined): void => {
    if (passed !== undefined) writePassed(life, passed);
    if (isWithin(life, line)) add(life, line, time);
    if (isNotable(line)) life.remarkable = true;
  };

  const writePassed = (life: Life, { count, oldest, newest }: PassedOver): void => {
    passDeeds(life, count);
    const latest = newest.at(-1)?.line;
    if (latest !== undefined && !isWithin(life, latest)) return;
    addLines(life, oldest, owners.count());
    passLines(life, count - oldest.length - newest.length, owners.count());
    addLines(life, newest, owners.count());
  };

  const add = (life: Life, line: HistoryLine, time: bigint): void =>
    line.event?.kind === 'poke'
      ? addPokeLine(life, line, time, owners.count())
      : addLine(life, lean(line), time, owners.count());

  /** Who else lives in the memory it was done to (vfork, CLONE_VM). */
  const sharersOf = ({ space, pid, at }: HistoryLine): readonly Life[] => {
    const members = last?.spaces.get(space)?.members ?? [];
    if (members.length < 2) return [];
    return members.flatMap((key) => {
      const other = last?.processes.get(key);
      if (other === undefined || other.pid === pid || at > (other.exitedAt ?? at)) return [];
      const life = owners.known(other.pid, at);
      // Its pid may have had another owner then, who shared nothing.
      const isFormer = life?.ended !== undefined && other.exitedAt === undefined;
      return life !== undefined && !isFormer && isWithin(life, { at }) ? life : [];
    });
  };

  /** The value: whose line it is, where its process can be told. */
  const onLine = (line: HistoryLine, time: bigint, before: Passed): Life | undefined => {
    if (line.pid === 0) return undefined;
    const { event } = line;
    const life = owners.at(line.pid, line.at, line.comm, event !== undefined && event.kind !== 'exit');
    if (life === undefined) return undefined;
    if (line.comm !== '') life.comm = line.comm;
    const concerned = event?.kind === 'call' ? [life, ...sharersOf(line)] : [life];
    const passed = event === undefined ? undefined : before.get(event);
    for (const one of concerned) write(one, line, time, passed);
    if (event?.kind === 'call') for (const one of concerned) noteCall(one, event, { at: line.at, time });
    if (event !== undefined) onEvent(event, line, life, { at: line.at, time });
    return life;
  };

  /** `life`: of who did it, or had it done. */
  const onEvent = (event: Event, line: HistoryLine, life: Life, instant: Instant): void => {
    switch (event.kind) {
      case 'call':
        if (line.comm === 'criu') life.restoring = true;
        break;
      case 'poke': {
        const victim =
          line.target === undefined || line.target === line.pid ? undefined : owners.known(line.target, line.at);
        if (victim === undefined) break;
        noteVictim(victim, event, instant);
        add(victim, line, instant.time);
        break;
      }
      case 'fork': {
        const child = owners.born(event.childPid, line.comm, instant);
        if (child === undefined) break;
        descend(child, life, event);
        add(child, line, instant.time);
        break;
      }
      case 'exec':
        noteExec(life, instant);
        break;
      case 'exit':
        if (!event.wholeProcess) break;
        refresh(life, instant);
        owners.end(life, instant);
        break;
      case 'prctl':
        if (life.restoring && tellsLayout(event)) noteRestored(life, instant);
        break;
      default:
        break;
    }
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
    for (const life of owners.current())
      if (life.ended === undefined) refresh(life, { at: last.now, time: last.now + offset });
  };

  return {
    take: (replayed, content, passed) => {
      const { lines, state } = replayed.frame;
      last = state;
      offset = replayed.offset;
      const touched = new Map<Life, bigint>();
      for (const line of lines) {
        const life = onLine(line, line.at + offset, passed);
        if (life !== undefined) touched.set(life, line.at);
      }
      for (const observation of content) {
        if (observation.kind !== 'snapshot') continue;
        const life = owners.read(observation.evidence);
        if (life !== undefined) touched.set(life, observation.startedAt);
      }
      for (const [life, at] of touched) if (life.ended === undefined) refresh(life, { at, time: at + offset });
    },
    nextRun: () => {
      refreshAll();
      last = undefined;
      owners.endAll();
    },
    end: () => {
      refreshAll();
      const { lives, forgotten } = owners.all();
      const told = worthiest(lives, wanted);
      return { lives: told, forgotten: forgotten + lives.length - told.length };
    },
  };
};

/** As many as a report may have, in their order: those that are wanted first, then those with something to tell. */
const worthiest = (lives: readonly Life[], wanted: (life: Life) => boolean): readonly Life[] => {
  if (lives.length <= MOST_TOLD) return lives;
  const worth = (life: Life): number => (wanted(life) ? 0 : life.remarkable ? 1 : 2);
  const chosen = new Set([...lives].sort((one, other) => worth(one) - worth(other)).slice(0, MOST_TOLD));
  return lives.filter((life) => chosen.has(life));
};

/** What is said of it later is that its memory is gone. */
const isWithin = ({ ended }: Life, { at }: { readonly at: bigint }): boolean => ended === undefined || at <= ended.at;
