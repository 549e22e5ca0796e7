import { readChosen } from '../census/chosen.js';
import { hostImages } from '../census/host-images.js';
import { ifSeized, inMemoryOf } from '../judge/forecast/refused.js';
import { forecast } from '../judge/forecast.js';
import { survives } from '../judge/well.js';
import { stateWord, unreadableText } from '../judge/words.js';
import { EXIT } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import type { Forecast } from '../model/verdict.js';
import { procFiles } from '../proc/files.js';
import { procContext, readLocalHost } from '../proc/host.js';
import { memorySharers } from '../proc/memory-sharers.js';
import { placeOf } from '../proc/place.js';
import { descendants } from '../proc/tree.js';
import { complain, say } from '../report/complain.js';
import { isForMachines, type OutputFormat, standardOutput } from '../report/output.js';
import { explanation, type PlaceOf, printReport } from '../report/print.js';
import { reportFrame } from '../report/process.js';
import { columns } from '../report/table.js';
import { treeWords } from '../report/tree-words.js';
import { unreadFailure } from '../report/unread.js';
import { printable } from '../text/escape.js';
import { limits, sayIfNewer } from './limits.js';

export interface CheckOptions {
  readonly output: OutputFormat;
  /** Check everything below the given processes too, as a dump would take it. */
  readonly tree: boolean;
  readonly criu: string;
  /** Nobody named that CRIU, and none is installed. */
  readonly isAssumed?: boolean;
}

/**
 * `vdsowatch check PID...`: before a dump. Says for each process what CRIU of that version will make of it; exit
 * status 1 when any would not survive a dump and restore.
 */
export const run = async (pids: readonly number[], options: CheckOptions): Promise<number> => {
  const files = procFiles();
  const local = readLocalHost(files);
  const proc = procContext(files, local);
  const chosen = options.tree ? await descendants(pids, proc) : pids;
  const { judged: found, problems } = await readChosen(proc, chosen, pids);
  const pristine = await hostImages(
    new Set(found.filter(isWritten).flatMap(({ verdict }) => verdict.vdso?.image ?? [])),
  );
  const evidence = found.map((one) => one.evidence);
  const sharers = options.tree ? memorySharers(evidence, proc) : NOBODY;
  const judged = found.map((one): Judged => {
    const { pid } = one.evidence.process;
    const alone = ifSeized(one.evidence, forecast(one.evidence, one.verdict, options.criu, pristine));
    const owner = sharers.get(pid);
    return { ...one, forecast: owner === undefined ? alone : inMemoryOf(owner, pid, alone) };
  });
  for (const note of limits(local, true)) say(note);
  if (options.isAssumed === true) say(`No CRIU is installed here: asked about ${options.criu}, the newest known.`);
  sayIfNewer(options.criu);
  if (isForMachines(options.output)) {
    printReport(reportFrame(local.host, problems), judged, options.output);
  } else {
    for (const problem of problems) complain(problem);
    if (judged.length > 0) standardOutput().write(checkTable(judged, options, (pid) => placeOf(pid, files)));
  }
  const unread = unreadFailure(judged);
  if (unread !== undefined) complain(unread);
  if (problems.length > 0 || unread !== undefined) return EXIT.cannotRun;
  return judged.every(({ forecast: outcome }) => survives(outcome) !== false) ? EXIT.well : EXIT.notWell;
};

/** Asked about one by one, each is dumped without the others. */
const NOBODY: ReadonlyMap<number, number> = new Map();

const isWritten = ({ verdict }: Judged): boolean => verdict.vdso?.modifiedPages?.length !== 0;

/** "-" where no restore works: there is nothing left to lose. */
const lossWord = (outcome: Forecast | undefined): string => {
  if (outcome?.loss !== undefined) return outcome.loss.join(',') || 'nothing';
  return survives(outcome) === false ? '-' : 'unknown';
};

const survivesWord = (outcome: Forecast | undefined): string => {
  const alive = survives(outcome);
  return alive === undefined ? 'unknown' : alive ? 'yes' : 'NO';
};

const outcomeWords = (outcome: Forecast | undefined): readonly string[] => [
  outcome?.dump ?? 'unknown',
  outcome?.restore === null ? '-' : (outcome?.restore ?? 'unknown'),
  lossWord(outcome),
  survivesWord(outcome),
];

/** Of a zombie nothing hangs on a vDSO: CRIU dumps and restores it as one (dump_zombies, criu/cr-dump.c). */
const hasNoMemory = ({ verdict, evidence }: Judged): boolean => !verdict.applicable && evidence.vmas !== undefined;

/** One line per process, then in full those that do not simply live on. */
const checkTable = (judged: readonly Judged[], { criu, tree }: CheckOptions, place: PlaceOf): string => {
  const rows = judged.map((one) => [
    String(one.evidence.process.pid),
    printable(one.evidence.process.comm ?? '?'),
    unreadableText(one.evidence) === null ? stateWord(one.verdict) : 'unreadable',
    ...(hasNoMemory(one) ? ['-', '-', '-', '-'] : outcomeWords(one.forecast)),
  ]);
  const details = judged.filter(matters).map((one) => explanation(one, place));
  const table = columns([['PID', 'COMM', 'STATE', 'DUMP', 'RESTORE', 'LOST', 'SURVIVES'], ...rows]);
  const whole = tree ? treeWords(judged) : '';
  return `CRIU ${criu} on this kernel:\n${table}${whole}${details.map((text) => `\n${text}`).join('')}`;
};

/** Something is wrong with it, or would be after a restore, or cannot be told. */
const matters = (one: Judged): boolean =>
  (survives(one.forecast) !== true && !hasNoMemory(one)) ||
  [...one.verdict.findings, ...(one.forecast?.findings ?? [])].some(({ severity }) => severity !== 'info');
