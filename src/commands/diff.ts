import { compare } from '../analyze/compare.js';
import { readMoment } from '../analyze/moment.js';
import { areOne } from '../analyze/once.js';
import { type Pairing, pair } from '../analyze/pair.js';
import { DIFF, type DiffDocument } from '../model/diff.js';
import { EXIT, type Failure } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import { complain } from '../report/complain.js';
import { isForMachines, type OutputFormat, standardOutput } from '../report/output.js';
import { columns } from '../report/table.js';

export interface DiffOptions {
  readonly output: OutputFormat;
  readonly criu: string;
}

/**
 * `vdsowatch diff A B`: what changed between two moments; exit status 1 when something did that can be noticed, or when
 * a process is on one side alone, as diff(1) has it.
 */
export const run = async (before: string, after: string, options: DiffOptions): Promise<number> => {
  // One recording compared with itself: from its beginning to its end.
  const sides = [await readMoment(before, options.criu, areOne(before, after)), await readMoment(after, options.criu)];
  const problems: Failure[] = sides.flatMap((side) => (side.ok ? side.value.problems : [side.failure]));
  problems.forEach(complain);
  const [one, other] = sides;
  if (!one?.ok || !other?.ok) {
    if (isForMachines(options.output)) printMachine(documentOf(NOTHING, problems));
    return EXIT.cannotRun;
  }
  const pairing = pair(one.value.judged, other.value.judged);
  const document = documentOf(pairing, problems);
  if (isForMachines(options.output)) printMachine(document);
  else standardOutput().write(tableOf(document));
  if (one.value.partial === true || other.value.partial === true) return EXIT.cannotRun;
  const noticed = document.processes.some(({ differences }) =>
    differences.some(({ noticeable }) => noticeable === 'yes'),
  );
  const alone = [...pairing.onlyBefore, ...pairing.onlyAfter].some(isMissed);
  return noticed || alone ? EXIT.notWell : EXIT.well;
};

/** A recording holds whoever ran meanwhile; everything else holds the processes that somebody chose. */
const isMissed = ({ evidence }: Judged): boolean => evidence.source !== 'recording';

/** One side alone shows no difference. */
const NOTHING: Pairing = { pairs: [], onlyBefore: [], onlyAfter: [] };

const printMachine = (document: DiffDocument): void => {
  standardOutput().write(`${JSON.stringify(document)}\n`);
};

const documentOf = (pairing: Pairing, problems: readonly Failure[]): DiffDocument => {
  const pids = (side: readonly Judged[]): number[] => side.map(({ evidence }) => evidence.process.pid);
  return {
    schema: DIFF,
    processes: pairing.pairs.map((one) => ({
      before: one.before.evidence.process.pid,
      after: one.after.evidence.process.pid,
      differences: compare(one.before, one.after),
    })),
    onlyBefore: pids(pairing.onlyBefore),
    onlyAfter: pids(pairing.onlyAfter),
    problems: problems.map(({ text }) => text),
  };
};

const tableOf = (document: DiffDocument): string => {
  const { processes, onlyBefore, onlyAfter } = document;
  const same = processes.filter(({ differences }) => differences.length === 0).map(({ before }) => before);
  const rows = processes.flatMap(({ before, after, differences }) => {
    const pid = before === after ? String(before) : `${before} -> ${after}`;
    return differences.map(({ noticeable, text }) => [pid, noticeable, text]);
  });
  return columns([
    ['PID', 'NOTICEABLE', 'CHANGE'],
    ...rows,
    ...listed(same, 'nothing changed that the evidence shows'),
    ...listed(onlyBefore, 'only in the first'),
    ...listed(onlyAfter, 'only in the second'),
  ]);
};

/** A row each; many, as a recording of a whole host has them, in one. */
const listed = (pids: readonly number[], text: string): string[][] =>
  pids.length <= MOST_LISTED ? pids.map((pid) => [String(pid), '-', text]) : [[`${pids.length} processes`, '-', text]];

const MOST_LISTED = 20;
