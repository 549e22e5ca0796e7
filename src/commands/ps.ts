import { readlinkSync } from 'node:fs';
import { takeCensus } from '../census/census.js';
import { EXIT } from '../model/failure.js';
import { procFiles } from '../proc/files.js';
import { type LocalHost, procContext, readLocalHost } from '../proc/host.js';
import { pageSetReport, pageSetTable } from '../report/baselines.js';
import { complain, say } from '../report/complain.js';
import type { OutputFormat } from '../report/format.js';
import { printReport } from '../report/print.js';
import { reportOf } from '../report/process.js';
import { shownInTable } from '../report/selection.js';
import { standardOutput } from '../report/standard-output.js';
import { isWell } from '../report/well.js';

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
  const census = await takeCensus(procContext(files, local), pids);
  if (!census.ok) {
    complain(census.failure);
    return EXIT.cannotRun;
  }
  const { judged, pageSets, problems } = census.value;
  for (const note of limits(local, pids.length > 0)) say(note);
  const machine = options.output === 'json' || options.output === 'ndjson';
  const report = reportOf(local.host, [], problems);
  if (judged.length > 0 || machine) {
    const sets = options.baselines === true ? { pageSets: pageSets.map(pageSetReport) } : {};
    const { judged: shown, leftOut } =
      options.output === 'table' && pids.length === 0
        ? shownInTable(judged, process.getuid?.() === 0)
        : { judged, leftOut: [] };
    printReport({ ...report, ...sets }, shown, options.output);
    if (leftOut.length > 0) standardOutput().write(`\nNot shown: ${leftOut.join('; ')}. See -o wide.\n`);
    if (!machine && pageSets.length > 0 && (pids.length === 0 || options.baselines === true))
      standardOutput().write(`\n${pageSetTable(pageSets, options.baselines === true)}`);
  } else problems.forEach(complain);
  // Unread is not well, where it was asked for.
  const unread = pids.length > 0 && judged.some(({ evidence }) => evidence.vmas === undefined);
  if (problems.length > 0 || unread) return EXIT.cannotRun;
  return options.strict === true && !judged.every(isWell) ? EXIT.notWell : EXIT.well;
};

/** proc_self_get_link (fs/proc/self.c) gives our pid in the namespace that /proc was mounted for. */
const isOwnProc = (): boolean => {
  try {
    return readlinkSync('/proc/self') === String(process.pid);
  } catch {
    return false;
  }
};

/** What this host does not let us see: said once, whatever it keeps from us. */
export const limits = (local: LocalHost, chosen: boolean): readonly string[] => {
  const notes: string[] = [];
  if (process.getuid?.() !== 0)
    notes.push(
      "Not root: page frames are hidden, and the memory of other users' processes is not readable. Run as root for all.",
    );
  else if (!local.privileged)
    notes.push('Page frames are hidden from this root: CAP_SYS_ADMIN is needed in the initial user namespace.');
  if (chosen) return notes;
  if (local.hidepid !== undefined && process.getuid?.() !== 0)
    notes.push(`/proc is mounted with hidepid=${local.hidepid}: other users' processes are not even listed.`);
  if (!isOwnProc()) notes.push('/proc is that of another pid namespace: process ids are those of there.');
  else if (local.initialPidNamespace === false)
    notes.push('This is a pid namespace of its own: only its processes are listed.');
  return notes;
};
