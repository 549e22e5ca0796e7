import type { Event } from '../model/event.js';
import type { HistoryLine } from '../model/state.js';
import type { Observation } from '../pipeline/observation.js';
import type { LineReader, Said } from './items.js';
import { type MoveLine, moveLine } from './move-line.js';

/** Moves that were passed over, all right before the event that follows: what of them is known. */
export interface PassedOver {
  readonly kind: 'passed';
  readonly count: number;
  /** Lines of the oldest and of the newest of them, in order; none is in both. */
  readonly oldest: readonly PassedLine[];
  readonly newest: readonly PassedLine[];
}

export interface PassedLine {
  /** Boot clock, ns. */
  readonly at: bigint;
  /** Reads it: most are never looked at. */
  readonly line: () => Pick<HistoryLine, 'at' | 'pid' | 'comm' | 'severity' | 'text'>;
}

/** Lines to have of what is passed over: the first ones of a process, and the newest of a run. */
export interface Shown {
  readonly oldest: number;
  readonly newest: number;
}

export type Content = Observation | PassedOver;

/**
 * Reads what `reader` reads, but of a run of moves, which one process makes one after the other without anything else
 * that concerns its address space, only the first and the newest: a program that moves its vDSO a hundred thousand
 * times a second fills a recording so. The state after a run is the one that all of its moves make, but for the lines
 * and the numbers of moves and events in it: of moves it keeps the first and the newest (LIMITS.moves), of the kernel's
 * pointer the last. The newest come late, when the run ends: nothing that is read before looks at them. But moves from
 * before the newest reading, which change what is said of it, come in their frame.
 */
export const openRuns = (reader: LineReader<Observation>, shown: Shown): LineReader<Content> => {
  /** By process, and by address space: both have one at most. Oldest first. */
  const byProcess = new Map<number, Run>();
  const byContext = new Map<bigint, Run>();
  /** Of living processes: their moves so far, and when the newest reading was begun. */
  const told = new Map<number, { readonly count: number; readonly context: bigint }>();
  const readAt = new Map<number, bigint>();
  const spare: Ring[] = [];
  const one: Observation[] = [];

  const readNow = (bytes: Buffer, from: number, to: number, into: Content[]): void => {
    reader.line(bytes, from, to, one);
    into.push(...one.splice(0));
  };

  const end = (run: Run | undefined, into: Content[]): void => {
    if (run === undefined) return;
    const { tgid, context, count, first, early, ring } = run;
    byProcess.delete(tgid);
    byContext.delete(context);
    told.set(tgid, { count: early + count, context });
    const hidden = count - first - LAST;
    if (hidden > 0) {
      const oldest = ring.copies(0, Math.min(hidden, Math.max(0, shown.oldest - early - first)));
      const newest = ring.copies(Math.max(oldest.length, hidden - shown.newest), hidden);
      into.push({ kind: 'passed', count: hidden, oldest, newest });
    }
    ring.each(Math.max(0, hidden), (bytes, from, to) => readNow(bytes, from, to, into));
    ring.clear();
    spare.push(ring);
  };
  const endAll = (into: Content[]): void => {
    for (const run of [...byProcess.values()]) end(run, into);
  };

  const begin = ({ tgid, context }: MoveLine, late: boolean, into: Content[]): Run => {
    end(byContext.get(context), into);
    end(byProcess.get(tgid), into);
    if (byProcess.size >= MOST_RUNS) end(byProcess.values().next().value, into);
    const before = told.get(tgid);
    const first = before?.context !== context || before.count < FIRST ? FIRST : 1;
    const ring = spare.pop() ?? openRing(shown);
    const run = { tgid, context, count: 0, first, late, early: before?.count ?? 0, ring };
    byProcess.set(tgid, run);
    byContext.set(context, run);
    return run;
  };

  const add = (bytes: Buffer, move: MoveLine, into: Content[]): undefined => {
    const { at, tgid, context, from, to } = move;
    const late = at <= (readAt.get(tgid) ?? 0n);
    const known = byContext.get(context);
    const run = known?.tgid === tgid && (known.late || !late) ? known : begin(move, late, into);
    run.count += 1;
    if (run.count <= run.first) readNow(bytes, from, to, into);
    else run.ring.add(bytes, from, to, at);
  };

  /** What is in no run ends those that it concerns, or may concern. */
  const meet = (observation: Observation, into: Content[]): void => {
    switch (observation.kind) {
      case 'snapshot': {
        const { pid, startedAt } = observation;
        const run = byProcess.get(pid);
        // It may share its memory with any of them.
        if (run === undefined) endAll(into);
        else end(run, into);
        if (startedAt > (readAt.get(pid) ?? 0n)) readAt.set(pid, startedAt);
        break;
      }
      case 'event': {
        const { event } = observation;
        if (event.kind === 'heartbeat') break;
        if (event.kind === 'gap' || event.kind === 'status' || event.kind === 'poke' || event.space.id === 0n) {
          endAll(into);
          break;
        }
        end(byProcess.get(event.tgid), into);
        end(byContext.get(event.space.id), into);
        if (event.kind === 'exit' && event.wholeProcess) {
          told.delete(event.tgid);
          readAt.delete(event.tgid);
        }
        break;
      }
      default:
        endAll(into);
    }
  };

  const readOther = (bytes: Buffer, from: number, to: number, into: Content[]): Said | undefined => {
    const said = reader.line(bytes, from, to, one);
    if (said?.kind === 'header') {
      told.clear();
      readAt.clear();
    }
    for (const observation of one.splice(0)) {
      meet(observation, into);
      into.push(observation);
    }
    return said;
  };

  return {
    line: (bytes, from, to, into) => {
      const move = to - from > SLOT ? undefined : moveLine(bytes, from, to);
      return move === undefined ? readOther(bytes, from, to, into) : add(bytes, move, into);
    },
    finish: (into) => {
      for (const run of [...byProcess.values()]) if (run.late) end(run, into);
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
 * What has to be read for the state (LIMITS.moves), and for what is told of a process (recording/deeds.ts): the first
 * of an address space, one that says that a reading is out of date or to be judged anew, and the newest.
 */
const FIRST = 2;
const LAST = 3;
/** Runs at the same time. */
const MOST_RUNS = 256;
/** Bytes of a line that is kept for a while. */
const SLOT = 1024;

interface Run {
  readonly tgid: number;
  readonly context: bigint;
  count: number;
  /** Moves at its beginning that are read at once. */
  readonly first: number;
  /** From before the newest reading. */
  readonly late: boolean;
  /** Moves of the process before this run. */
  readonly early: number;
  /** Those behind the first. */
  readonly ring: Ring;
}

/** Lines, of which the first ones and the newest are kept. */
interface Ring {
  readonly add: (bytes: Buffer, from: number, to: number, at: bigint) => void;
  /** Copies of the lines [from, to), as far as they are kept. */
  readonly copies: (from: number, to: number) => readonly PassedLine[];
  /** The lines from there on. */
  readonly each: (from: number, use: (bytes: Buffer, from: number, to: number) => void) => void;
  readonly clear: () => void;
}

const openRing = ({ oldest, newest }: Shown): Ring => {
  const slots = oldest + newest + LAST;
  const bytes = Buffer.allocUnsafeSlow(slots * SLOT);
  const lengths = new Uint16Array(slots);
  const times: bigint[] = [];
  let count = 0;
  /** The first ones keep their slots, the others go round in the rest. */
  const slotOf = (index: number): number => (index < oldest ? index : oldest + ((index - oldest) % (slots - oldest)));
  return {
    add: (line, from, to, at) => {
      const slot = slotOf(count);
      line.copy(bytes, slot * SLOT, from, to);
      lengths[slot] = to - from;
      times[slot] = at;
      count += 1;
    },
    copies: (from, to) => {
      const lines: PassedLine[] = [];
      for (let index = from; index < to; index++) {
        const slot = slotOf(index);
        const copy = Buffer.from(bytes.subarray(slot * SLOT, slot * SLOT + (lengths[slot] ?? 0)));
        lines.push({ at: times[slot] ?? 0n, line: () => lineOf(copy) });
      }
      return lines;
    },
    each: (from, use) => {
      for (let index = from; index < count; index++) {
        const slot = slotOf(index);
        use(bytes, slot * SLOT, slot * SLOT + (lengths[slot] ?? 0));
      }
    },
    clear: () => {
      count = 0;
    },
  };
};

const lineOf = (bytes: Buffer): ReturnType<PassedLine['line']> => {
  const move = moveLine(bytes, 0, bytes.length);
  if (move === undefined) throw new Error('a line that was one of a move is none any more');
  const { at, tgid, comm, says } = move;
  const text = ([from, to]: readonly [number, number]): string => bytes.toString('latin1', from, to);
  return { at, pid: tgid, comm: text(comm), severity: 'warning', text: text(says) };
};
