import type { MoveLine } from './move-pattern.js';
import { openPassedLines, type PassedLines, type Shown } from './passed-lines.js';

/** Moves that one process made one after the other in one address space. */
export interface Run {
  readonly tgid: number;
  readonly context: bigint;
  /** Moves at its beginning that are read at once, so far and at most. */
  first: number;
  readonly most: number;
  /** Moves of the process before this run. */
  readonly early: number;
  /** How many of them are no late ones (late-moves.ts). */
  fresh: number;
  /** Those behind the first. */
  readonly lines: PassedLines;
  /** As the newest of them has it. */
  comm: string;
}

/** The runs that go on: a process and an address space have one at most. */
export interface RunTable {
  readonly ofProcess: (tgid: number) => Run | undefined;
  readonly inSpace: (context: bigint) => Run | undefined;
  /** Oldest first. */
  readonly all: () => readonly Run[];
  /** What has to go before another one begins. */
  readonly surplus: () => Run | undefined;
  /** `early`, `most`: see Run. Of its process and of its address space there is none. */
  readonly begin: (move: MoveLine, early: number, most: number) => Run;
  /** What it holds is gone with it. */
  readonly remove: (run: Run) => void;
}

/** `last`: the newest moves of a run that are to be had as lines, beside those of which `shown` is what they say. */
export const openRunTable = (shown: Shown, last: number): RunTable => {
  const byProcess = new Map<number, Run>();
  const byContext = new Map<bigint, Run>();
  /** They are large, so they are made once. */
  const spare: PassedLines[] = [];
  return {
    ofProcess: (tgid) => byProcess.get(tgid),
    inSpace: (context) => byContext.get(context),
    all: () => [...byProcess.values()],
    surplus: () => (byProcess.size >= MOST_RUNS ? byProcess.values().next().value : undefined),
    begin: ({ tgid, context, comm }, early, most) => {
      const run = {
        tgid,
        context,
        comm,
        first: 0,
        most,
        early,
        fresh: 0,
        lines: spare.pop() ?? openPassedLines(shown, last),
      };
      byProcess.set(tgid, run);
      byContext.set(context, run);
      return run;
    },
    remove: ({ tgid, context, lines }) => {
      byProcess.delete(tgid);
      byContext.delete(context);
      lines.clear();
      spare.push(lines);
    },
  };
};

/** At the same time. */
const MOST_RUNS = 256;
