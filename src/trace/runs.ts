import type { Event } from '../model/event.js';
import type { Observation, Snapshot } from '../pipeline/observation.js';
import type { LineReader, Said } from './items.js';
import { openLateMoves } from './late-moves.js';
import { openMoveLines } from './move-line.js';
import type { MoveLine } from './move-pattern.js';
import { fromDigits } from './number-text.js';
import { LONGEST_LINE, type PassedOver, type Shown } from './passed-lines.js';
import { openRunTable, type Run } from './run-table.js';
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
  const runs = openRunTable(shown, LAST);
  /** Of living processes: their moves so far, and how many in their address space were no late ones. */
  const told = new Map<number, { readonly count: number; readonly context: bigint; readonly fresh: number }>();
  const late = openLateMoves();
  const sharing = openSharing();
  /** Runs that have to end with the frame. */
  const urgent = new Set<Run>();
  /** Runs with late moves that change nothing for now. */
  const settled = new Set<Run>();
  /** Runs of which a reading of another process may tell too; what is done in their address spaces ends them. */
  const shared = new Set<Run>();
  const moveLine = openMoveLines();
  const one: Observation[] = [];
  let offset = 0n;

  const readNow = (bytes: Buffer, from: number, to: number, into: Content[]): void => {
    reader.line(bytes, from, to, one);
    into.push(...one.splice(0));
  };

  const end = (run: Run | undefined, into: Content[]): void => {
    if (run === undefined) return;
    const { tgid, context, first, early, lines } = run;
    for (const marked of [urgent, settled, shared]) marked.delete(run);
    told.set(tgid, { count: early + first + lines.count(), context, fresh: freshIn(run) + run.fresh });
    const hidden = lines.count() - LAST;
    if (hidden > 0) into.push(passedOver(run, hidden, shown));
    lines.each(Math.max(0, hidden), (bytes, from, to) => readNow(bytes, from, to, into));
    runs.remove(run);
  };
  const endAll = (into: Content[]): void => {
    for (const run of runs.all()) end(run, into);
  };

  const freshIn = ({ tgid, context }: Pick<MoveLine, 'tgid' | 'context'>): number => {
    const before = told.get(tgid);
    return before?.context === context ? before.fresh : 0;
  };

  const begin = (move: MoveLine, into: Content[]): Run => {
    const { tgid, context } = move;
    end(runs.inSpace(context), into);
    end(runs.ofProcess(tgid), into);
    end(runs.surplus(), into);
    sharing.act(context, tgid);
    const run = runs.begin(move, told.get(tgid)?.count ?? 0, freshIn(move) < FIRST ? FIRST : 1);
    if (sharing.isShared(context)) shared.add(run);
    return run;
  };

  const add = (bytes: Buffer, move: MoveLine, into: Content[]): undefined => {
    const { tgid, context, from, to } = move;
    const known = runs.ofProcess(tgid);
    const lateness = late.lateness(move);
    const fits = known !== undefined && known.context === context && (lateness !== 'open' || urgent.has(known));
    // A reading may say that the late ones are of another address space: they do not count among the first of this.
    const isFirst = lateness === undefined && known?.fresh === 0 && freshIn(move) < FIRST;
    const run = fits && !isFirst ? known : begin(move, into);
    if (lateness === undefined) run.fresh += 1;
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
    if (observation.kind === 'event') meetEvent(observation.event, into);
    else if (observation.kind === 'snapshot') meetReading(observation, into);
    else endAll(into);
  };

  const meetReading = (reading: Snapshot, into: Content[]): void => {
    const run = runs.ofProcess(reading.pid);
    if (run !== undefined && !late.repeats(reading, run.context)) end(run, into);
    for (const one of shared) end(one, into);
  };

  const meetEvent = (event: Event, into: Content[]): void => {
    if (event.kind === 'heartbeat') return;
    if (event.kind === 'gap' || event.kind === 'status') {
      endAll(into);
      return;
    }
    sharing.meet(event);
    for (const context of [event.space.id, told.get(event.tgid)?.context]) late.reopen(context);
    if (event.kind === 'fork') late.reopen(told.get(event.childPid)?.context);
    if (event.kind === 'poke' || event.space.id === 0n) {
      endAll(into);
      return;
    }
    end(runs.ofProcess(event.tgid), into);
    end(runs.inSpace(event.space.id), into);
    if (event.kind === 'exit' && event.wholeProcess) {
      told.delete(event.tgid);
      late.forget(event.tgid);
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
      for (const pid of late.due()) end(runs.ofProcess(pid), into);
      for (const run of settled) if (late.isCut(run.tgid)) end(run, into);
      for (const run of urgent) {
        end(run, into);
        late.settle(run);
      }
      // Who shares the address space with it is known as of the frame.
      for (const run of shared) end(run, into);
    },
    end: endAll,
  };
};

/** The first `hidden` of a run's lines, and what of them is to be shown. */
const passedOver = ({ tgid, first, early, lines }: Run, hidden: number, shown: Shown): PassedOver => {
  const oldest = lines.said(0, Math.min(hidden, Math.max(0, shown.oldest - early - first)), tgid);
  const newest = lines.said(Math.max(oldest.length, hidden - shown.newest), hidden, tgid);
  return { kind: 'passed', count: hidden, oldest, newest };
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
