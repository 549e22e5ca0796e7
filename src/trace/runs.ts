import type { Event } from '../model/event.js';
import type { Observation } from '../pipeline/observation.js';
import type { LineReader, Said } from './items.js';
import { openLateMoves } from './late-moves.js';
import { type MoveLine, openMoveLines } from './move-line.js';
import { fromDigits } from './number-text.js';
import { LONGEST_LINE, openPassedLines, type PassedLines, type PassedOver, type Shown } from './passed-lines.js';
import { openSharing } from './sharing.js';

export type Content = Observation | PassedOver;

/**
 * Reads what `reader` reads, but of a run of moves, which one process makes one after the other without anything else
 * that concerns its address space, only the first and the newest: a program that moves its vDSO a hundred thousand
 * times a second fills a recording so. The state after a run is the one that all of its moves make, but for the lines
 * and the numbers of moves and events in it: of moves it keeps the first and the newest (LIMITS.moves), of the kernel's
 * pointer the last. The newest come late, when the run ends: nothing that is read before looks at them. But moves from
 * before the newest reading, which change what is said of it (late-moves.ts), come in their frame.
 */
export const openRuns = (reader: LineReader<Observation>, shown: Shown): LineReader<Content> => {
  /** By process, and by address space: both have one at most. Oldest first. */
  const byProcess = new Map<number, Run>();
  const byContext = new Map<bigint, Run>();
  /** Of living processes: their moves so far. */
  const told = new Map<number, { readonly count: number; readonly context: bigint }>();
  const late = openLateMoves();
  const sharing = openSharing();
  /** Runs that have to end with the frame. */
  const urgent = new Set<Run>();
  /** Runs with late moves that change nothing for now. */
  const settled = new Set<Run>();
  /** Runs of which a reading of another process may tell too; what is done in their address spaces ends them. */
  const shared = new Set<Run>();
  const moveLine = openMoveLines();
  const spare: PassedLines[] = [];
  const one: Observation[] = [];
  let offset = 0n;

  const readNow = (bytes: Buffer, from: number, to: number, into: Content[]): void => {
    reader.line(bytes, from, to, one);
    into.push(...one.splice(0));
  };

  const end = (run: Run | undefined, into: Content[]): void => {
    if (run === undefined) return;
    const { tgid, context, first, early, lines } = run;
    byProcess.delete(tgid);
    byContext.delete(context);
    for (const marked of [urgent, settled, shared]) marked.delete(run);
    const behind = lines.count();
    told.set(tgid, { count: early + first + behind, context });
    const hidden = behind - LAST;
    if (hidden > 0) {
      const oldest = lines.said(0, Math.min(hidden, Math.max(0, shown.oldest - early - first)), tgid);
      const newest = lines.said(Math.max(oldest.length, hidden - shown.newest), hidden, tgid);
      into.push({ kind: 'passed', count: hidden, oldest, newest });
    }
    lines.each(Math.max(0, hidden), (bytes, from, to) => readNow(bytes, from, to, into));
    lines.clear();
    spare.push(lines);
  };
  const endAll = (into: Content[]): void => {
    for (const run of [...byProcess.values()]) end(run, into);
  };

  const begin = ({ tgid, context, comm }: MoveLine, into: Content[]): Run => {
    end(byContext.get(context), into);
    end(byProcess.get(tgid), into);
    if (byProcess.size >= MOST_RUNS) end(byProcess.values().next().value, into);
    sharing.act(context, tgid);
    const before = told.get(tgid);
    const lines = spare.pop() ?? openPassedLines(shown, LAST);
    const isNew = before?.context !== context || before.count < FIRST;
    const run = { tgid, context, comm, first: 0, most: isNew ? FIRST : 1, early: before?.count ?? 0, lines };
    byProcess.set(tgid, run);
    byContext.set(context, run);
    if (sharing.isShared(context)) shared.add(run);
    return run;
  };

  const add = (bytes: Buffer, move: MoveLine, into: Content[]): undefined => {
    const { tgid, context, from, to } = move;
    const known = byProcess.get(tgid);
    const lateness = late.lateness(move);
    const fits = known !== undefined && known.context === context && (lateness !== 'open' || urgent.has(known));
    const run = fits ? known : begin(move, into);
    if (lateness === 'open') urgent.add(run);
    else if (lateness === 'settled') settled.add(run);
    run.comm = move.comm;
    if (run.first < run.most) {
      run.first += 1;
      readNow(bytes, from, to, into);
    } else run.lines.add(bytes, move, offset);
  };

  /** What is in no run ends those that it concerns, or may concern. */
  const meet = (observation: Observation, into: Content[]): void => {
    switch (observation.kind) {
      case 'snapshot': {
        const run = byProcess.get(observation.pid);
        if (run !== undefined && !late.repeats(observation, run.context)) end(run, into);
        for (const run of shared) end(run, into);
        break;
      }
      case 'event': {
        const { event } = observation;
        if (event.kind === 'gap' || event.kind === 'status') {
          endAll(into);
          break;
        }
        if (event.kind === 'heartbeat') break;
        sharing.meet(event);
        for (const context of [event.space.id, told.get(event.tgid)?.context]) late.reopen(context);
        if (event.kind === 'fork') late.reopen(told.get(event.childPid)?.context);
        if (event.kind === 'poke' || event.space.id === 0n) {
          endAll(into);
          break;
        }
        end(byProcess.get(event.tgid), into);
        end(byContext.get(event.space.id), into);
        if (event.kind === 'exit' && event.wholeProcess) {
          told.delete(event.tgid);
          late.forget(event.tgid);
        }
        break;
      }
      default:
        endAll(into);
    }
  };

  const readOther = (bytes: Buffer, from: number, to: number, into: Content[]): Said | undefined => {
    const said = reader.line(bytes, from, to, one);
    if (said?.kind === 'clock') offset = said.offset;
    if (said?.kind === 'header') {
      offset = fromDigits(said.header.offset);
      told.clear();
      late.clear();
      sharing.clear();
    }
    for (const observation of one.splice(0)) {
      meet(observation, into);
      late.meet(observation);
      into.push(observation);
    }
    return said;
  };

  return {
    line: (bytes, from, to, into) => {
      const move = to - from > LONGEST_LINE ? undefined : moveLine(bytes, from, to);
      return move === undefined ? readOther(bytes, from, to, into) : add(bytes, move, into);
    },
    finish: (into) => {
      for (const pid of late.due()) end(byProcess.get(pid), into);
      for (const run of settled) if (late.isCut(run.tgid)) end(run, into);
      for (const run of urgent) {
        end(run, into);
        late.settle(run);
      }
    },
    end: endAll,
  };
};

/** What was read, and what was passed over, by the event that it stood right before. */
export const sorted = (content: readonly Content[]) => {
  const observations: Observation[] = [];
  const passed = new Map<Event, PassedOver>();
  for (const [index, one] of content.entries()) {
    const next = content[index + 1];
    if (one.kind !== 'passed') observations.push(one);
    else if (next?.kind === 'event') passed.set(next.event, one);
  }
  return { observations, passed };
};

/**
 * What has to be read for the state (LIMITS.moves), and for what is told of a process (analyze/recording/deeds.ts): the first
 * of an address space, one that says that a reading is out of date or to be judged anew, and the newest.
 */
const FIRST = 2;
const LAST = 3;
/** Runs at the same time. */
const MOST_RUNS = 256;

interface Run {
  readonly tgid: number;
  readonly context: bigint;
  /** Moves at its beginning that are read at once, so far and at most. */
  first: number;
  readonly most: number;
  /** Moves of the process before this run. */
  readonly early: number;
  /** Those behind the first. */
  readonly lines: PassedLines;
  /** As the newest of them has it. */
  comm: string;
}
