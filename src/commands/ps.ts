import { type Census, takeCensus } from '../census/census.js';
import { readChosen } from '../census/chosen.js';
import { isWell } from '../judge/well.js';
import { EXIT, type Failure, type Outcome, success } from '../model/failure.js';
import type { Told } from '../model/judged.js';
import { procFiles } from '../proc/files.js';
import { type ProcContext, procContext, readLocalHost } from '../proc/host.js';
import { placeOf } from '../proc/place.js';
import { pageSetReport, pageSetTable, tableSelection } from '../report/census.js';
import { complain, say } from '../report/complain.js';
import { isForMachines, type OutputFormat, standardOutput } from '../report/output.js';
import { printReport } from '../report/print.js';
import { reportFrame } from '../report/process.js';
import { unreadFailure } from '../report/unread.js';
import { limits } from './limits.js';

export interface PsOptions {
  readonly output: OutputFormat;
  /** Exit with 1 when a process is not well. */
  readonly strict?: boolean | undefined;
  /** Show who maps which vDSO pages, by pid. */
  readonly baselines?: boolean | undefined;
}

/** `vdsowatch ps [PID...]`: one census of all processes, or of those given; no bpftrace. */
export const run = async (pids: readonly number[], options: PsOptions): Promise<number> => {
  const files = procFiles();
  const local = readLocalHost(files);
  const proc = procContext(files, local);
  const seen = pids.length > 0 ? await chosen(proc, pids) : await everybody(proc);
  if (!seen.ok) {
    complain(seen.failure);
    return EXIT.cannotRun;
  }
  const { processes, count, pageSets, problems } = seen.value;
  for (const note of limits(local, pids.length > 0)) say(note);
  const machine = isForMachines(options.output);
  const report = reportFrame(local.host, problems);
  if (count > 0 || machine) {
    const sets = options.baselines === true ? { pageSets: pageSets.map(pageSetReport) } : {};
    const selection = tableSelection(process.getuid?.() === 0);
    const selects = options.output === 'table' && pids.length === 0;
    const shown = selects ? only(processes, selection.shows) : processes;
    printReport({ ...report, ...sets }, shown, options.output, (pid) => placeOf(pid, files));
    const leftOut = selection.leftOut();
    if (leftOut.length > 0) standardOutput().write(`\nNot shown: ${leftOut.join('; ')}. See -o wide.\n`);
    if (!machine && pageSets.length > 0 && (pids.length === 0 || options.baselines === true))
      standardOutput().write(`\n${pageSetTable(pageSets, options.baselines === true)}`);
  } else problems.forEach(complain);
  // Unread is not well, where it was asked for.
  if (seen.value.unread !== undefined) complain(seen.value.unread);
  if (problems.length > 0 || seen.value.unread !== undefined) return EXIT.cannotRun;
  return options.strict === true && ![...processes].every(isWell) ? EXIT.notWell : EXIT.well;
};

interface Seen extends Census {
  readonly problems: readonly Failure[];
  /** Of those that were asked for, some could not be read. */
  readonly unread: Failure | undefined;
}

const everybody = async (proc: ProcContext): Promise<Outcome<Seen>> => {
  const census = await takeCensus(proc);
  return census.ok ? success({ ...census.value, problems: [], unread: undefined }) : census;
};

const chosen = async (proc: ProcContext, pids: readonly number[]): Promise<Outcome<Seen>> => {
  const { judged, pageSets, problems } = await readChosen(proc, pids);
  return success({ processes: judged, count: judged.length, pageSets, problems, unread: unreadFailure(judged) });
};

function* only(processes: Iterable<Told>, shows: (one: Told) => boolean): Generator<Told> {
  for (const one of processes) if (shows(one)) yield one;
}
