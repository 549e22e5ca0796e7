import type { Pristine } from '../judge/criu/pristine.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import type { Target } from '../model/doctor-schema.js';
import type { Evidence, Host } from '../model/evidence.js';
import { type Failure, type Outcome, success } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import { type Forecast, NEWEST_CRIU, type Verdict } from '../model/verdict.js';
import { bytesFindings } from './bytes-findings.js';
import { imageEvidence, logProcessOf, taskWithoutImage } from './image-evidence.js';
import { imageForecast } from './image-forecast.js';
import { copiedPages, type Logs, lookAt } from './image-look.js';
import type { ImageSet } from './image-set.js';
import { readImages } from './images.js';
import { layoutFindings } from './layout-findings.js';
import type { CriuLog, LogFinding, LogProcess } from './log/log.js';
import { failureFindings, lineFindings, logFindings, outcomeFindings, statusFindings } from './log-findings.js';
import { type LooseLog, logsBeside, notCopied, unfinished } from './logs-beside.js';
import { readLooseLogs, withLoose } from './loose-logs.js';
import { HOPELESS, targetFindings, targetVdso } from './target.js';

/** What is known beside the images. */
export interface PostMortemContext {
  /** Version the forecast is for; undefined: the one that made the dump, else the newest known. */
  readonly criu?: string | undefined;
  /** vDSO images of kernels for those ABIs, for telling what somebody wrote into a dumped one. */
  readonly pristine?: (abis: ReadonlySet<string>) => Promise<readonly Pristine[]>;
  /** The host to restore on; without it, the kernel of the dump is meant. */
  readonly target?: Target | undefined;
  /** Logs that were given by themselves: those of these images are taken for theirs. */
  readonly loose?: readonly LooseLog[] | undefined;
}

export interface PostMortem {
  readonly set: ImageSet;
  readonly logs: Logs;
  readonly host: Host | undefined;
  readonly judged: readonly Judged[];
  readonly problems: readonly Failure[];
  /** Not all of it could be read. */
  readonly partial: boolean;
}

/** Everything a CRIU image directory and its logs tell: one judged process each, and what could not be read. */
export const readPostMortem = async (path: string, context: PostMortemContext = {}): Promise<Outcome<PostMortem>> => {
  const images = await readImages(path);
  if (!images.ok) return images;
  const set = images.value;
  const problems: Failure[] = [...set.problems];
  const logs = withLoose(set, logsBeside(set, problems), context.loose ?? []);
  const stopped = unfinished(path).text;
  const lacksTree = set.kind === 'unfinished' && logs.dump?.ended === 'success';
  if (lacksTree)
    problems.splice(0, problems.length, ...problems.filter(({ text }) => text !== stopped), notCopied(path));
  const abis = new Set(set.processes.flatMap(({ machine, compat }) => (compat === true ? 'i386' : (machine ?? []))));
  const judged = judgeImages(set, logs, (await context.pristine?.(abis)) ?? [], context);
  const partial = set.partial || lacksTree;
  return success({ set, logs, host: judged[0]?.evidence.host, judged, problems, partial });
};

/** Pure part of `readPostMortem`. */
const judgeImages = (
  set: ImageSet,
  logs: Logs,
  pristine: readonly Pristine[],
  context: Omit<PostMortemContext, 'pristine' | 'loose'> = {},
): readonly Judged[] => {
  const criu = context.criu ?? logs.dump?.version ?? NEWEST_CRIU;
  const seen = imageEvidence(set, logs.dump);
  return [...seen, ...restoredTasks(set, logs.restore, seen)].map((evidence): Judged => {
    const verdict = judge(evidence);
    const process = set.processes.find(({ pid }) => pid === evidence.process.pid);
    if (process === undefined || process.dead) return withoutImage(evidence, verdict, logs, criu);
    const logged = logProcessOf(process, logs.dump);
    const look = lookAt(process, evidence, verdict, logged, logs, pristine);
    const findings = [
      ...verdict.findings,
      ...layoutFindings(look),
      ...bytesFindings(look),
      ...logFindings(look, logs.restore),
      ...failureFindings(look.dumpLines, logs.dump),
    ];
    const { target } = context;
    const vdso = target && verdict.abi !== undefined ? targetVdso(target, verdict.abi) : undefined;
    const outcome = imageForecast(look, criu, vdso);
    const there = target === undefined ? [] : targetFindings(look, target, criu);
    const hopeless = there.some(({ code }) => HOPELESS.has(code));
    return {
      evidence,
      verdict: withPages({ ...verdict, findings }, copiedPages(look, set, logs) ?? look.genuine?.pages),
      forecast: gaveUp(set, logs)
        ? { ...unknown(criu), dump: 'fail', restore: null }
        : hopeless
          ? { ...outcome, restore: 'fail', loss: [], findings: there }
          : { ...outcome, findings: [...outcome.findings, ...there] },
    };
  });
};

/**
 * No image holds page frames, so a page of a vDSO that was dumped whole counts as modified when its bytes are not the
 * kernel's, where those are known. A page that was copied and holds the same bytes is not told apart, and nothing is
 * lost with it.
 */
const withPages = (verdict: Verdict, modifiedPages: readonly number[] | undefined): Verdict => {
  const { vdso } = verdict;
  if (!vdso || vdso.modifiedPages !== undefined || modifiedPages === undefined) return verdict;
  return { ...verdict, vdso: { ...vdso, modifiedPages } };
};

/** A zombie, or a task of which only logs speak: CRIU gave up its dump, or its image is elsewhere. */
const withoutImage = (evidence: Evidence, verdict: Verdict, { dump, restore }: Logs, criu: string): Judged => {
  const { pid, state } = evidence.process;
  const linesOf = (log: CriuLog | undefined): readonly LogFinding[] =>
    log?.findings.filter((finding) => finding.pid === pid) ?? [];
  const [dumped, restored] = [linesOf(dump), linesOf(restore)];
  const logged = dump?.processes.find((one) => one.pid === pid);
  const findings = [
    ...(evidence.vmas === undefined ? [] : verdict.findings),
    ...statusFindings(logged),
    ...outcomeFindings(restored, restore),
    ...failureFindings(dumped, dump),
    ...lineFindings('dump.log', dumped),
    ...lineFindings('restore.log', restored),
  ];
  const judged = { evidence, verdict: { ...verdict, findings } };
  if (logged === undefined && dumped.length === 0 && state !== 'Z') return judged;
  const expected = forecast(evidence, verdict, criu);
  // The log begins and ends with what CRIU did, whatever its version is foretold to do.
  if (dump?.ended === 'success') return { ...judged, forecast: changedByCheck(logged) ? unknown(criu) : expected };
  if (state === 'Z') return { ...judged, forecast: expected };
  const failed: Forecast = { ...unknown(criu), dump: 'fail', restore: null };
  const died = dumped.some(({ code }) => code === 'parasite-died');
  return { ...judged, forecast: died ? { ...failed, dump: 'fail-kills' } : failed };
};

/** Another task of the tree stopped the dump: there are images of some, and none of the tree. */
const gaveUp = ({ kind }: ImageSet, { dump }: Logs): boolean => kind === 'unfinished' && dump?.ended === 'failure';

/** A forecast goes by the names, and CRIU went by something else. */
const changedByCheck = (logged: LogProcess | undefined): boolean => statusFindings(logged).length > 0;

const unknown = (criu: string): Forecast => ({
  criu,
  dump: 'ok',
  restore: undefined,
  loss: undefined,
  findings: [],
});

/** Logs by themselves: the processes a dump.log lists with their mappings, or those a restore.log speaks of. */
export const readLogPostMortem = async (
  path: string,
  context: PostMortemContext = {},
): Promise<Outcome<PostMortem>> => {
  const read = await readLooseLogs(path);
  if (!read.ok) return read;
  return success(judgeLogs(read.value, context));
};

/** At most a dump.log and a restore.log, of the same dump. */
export const judgeLogs = (loose: readonly LooseLog[], context: PostMortemContext = {}): PostMortem => {
  const set: ImageSet = { ...NO_IMAGES, directory: loose[0]?.path ?? '' };
  const restore = loose.find(({ log }) => log.kind === 'restore')?.log;
  const logs: Logs = { dump: loose.find(({ log }) => log !== restore)?.log, restore };
  const judged = judgeImages(set, logs, [], context);
  const problems = loose.flatMap((one) => one.problems);
  return { set, logs, host: judged[0]?.evidence.host, judged, problems, partial: false };
};

const NO_IMAGES: ImageSet = {
  directory: '',
  kind: 'unfinished',
  inventory: undefined,
  processes: [],
  stats: { pagesWritten: undefined, pagesInParent: undefined, pagesLazy: undefined, pagesRestored: undefined },
  written: undefined,
  clock: undefined,
  logs: [],
  partial: false,
  problems: [],
};

/** Tasks that a restore.log speaks of, where there is no image of any. */
const restoredTasks = (
  { processes }: ImageSet,
  log: CriuLog | undefined,
  seen: readonly Evidence[],
): readonly Evidence[] => {
  if (log === undefined || processes.length > 0) return [];
  const known = new Set(seen.map(({ process }) => process.pid));
  const pids = new Set(log.findings.flatMap(({ pid }) => (pid === undefined || known.has(pid) ? [] : [pid])));
  return [...pids].sort((one, other) => one - other).map((pid) => taskWithoutImage(pid, log));
};
