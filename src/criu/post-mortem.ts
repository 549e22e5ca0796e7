import type { Target } from '../doctor/schema.js';
import type { Pristine } from '../judge/criu/pristine.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import type { Evidence, Host } from '../model/evidence.js';
import { type Failure, type Outcome, success } from '../model/failure.js';
import { type Forecast, NEWEST_CRIU, type Verdict } from '../model/verdict.js';
import type { Judged } from '../report/process.js';
import { bytesFindings } from './bytes-findings.js';
import { imageEvidence, logProcessOf, taskWithoutImage } from './image-evidence.js';
import { imageForecast } from './image-forecast.js';
import { type ImageLook, type Logs, lookAt } from './image-look.js';
import type { ImageSet } from './image-set.js';
import { readImages } from './images.js';
import { layoutFindings } from './layout-findings.js';
import type { CriuLog } from './log/log.js';
import { lineFindings, logFindings, outcomeFindings } from './log-findings.js';
import { logsBeside, readLogFile } from './logs-beside.js';
import { HOPELESS, targetFindings, targetVdso } from './target.js';

/** What is known beside the images. */
export interface PostMortemContext {
  /** Version the forecast is for; undefined: the one that made the dump, else the newest known. */
  readonly criu?: string | undefined;
  /** vDSO images of kernels for those ABIs, for telling what somebody wrote into a dumped one. */
  readonly pristine?: (abis: ReadonlySet<string>) => Promise<readonly Pristine[]>;
  /** The host to restore on; without it, the kernel of the dump is meant. */
  readonly target?: Target | undefined;
}

export interface PostMortem {
  readonly set: ImageSet;
  readonly logs: Logs;
  readonly host: Host | undefined;
  readonly judged: readonly Judged[];
  readonly problems: readonly Failure[];
}

/** Everything a CRIU image directory and its logs tell: one judged process each, and what could not be read. */
export const readPostMortem = async (path: string, context: PostMortemContext = {}): Promise<Outcome<PostMortem>> => {
  const images = await readImages(path);
  if (!images.ok) return images;
  const set = images.value;
  const problems: Failure[] = [...set.problems];
  const logs = logsBeside(set, problems);
  const abis = new Set(set.processes.flatMap(({ machine, compat }) => (compat === true ? 'i386' : (machine ?? []))));
  const judged = judgeImages(set, logs, (await context.pristine?.(abis)) ?? [], context);
  return success({ set, logs, host: judged[0]?.evidence.host, judged, problems });
};

/** Pure part of `readPostMortem`. */
export const judgeImages = (
  set: ImageSet,
  logs: Logs,
  pristine: readonly Pristine[],
  context: Omit<PostMortemContext, 'pristine'> = {},
): readonly Judged[] => {
  const criu = context.criu ?? logs.dump?.version ?? NEWEST_CRIU;
  return imageEvidence(set, logs.dump).map((evidence): Judged => {
    const verdict = judge(evidence);
    const process = set.processes.find(({ pid }) => pid === evidence.process.pid);
    if (process === undefined || process.dead)
      return unfinished(evidence, verdict, logs.dump, forecast(evidence, verdict, criu));
    const logged = logProcessOf(process, logs.dump);
    const look = lookAt(process, evidence, verdict, logged, logs, pristine);
    const findings = [...verdict.findings, ...layoutFindings(look), ...bytesFindings(look), ...logFindings(look)];
    const { target } = context;
    const vdso = target && verdict.abi !== undefined ? targetVdso(target, verdict.abi) : undefined;
    const outcome = imageForecast(look, criu, vdso);
    const there = target === undefined ? [] : targetFindings(look, target, criu);
    const hopeless = there.some(({ code }) => HOPELESS.has(code)) ? ({ restore: 'fail', loss: [] } as const) : {};
    return {
      evidence,
      verdict: withPages({ ...verdict, findings }, look),
      forecast: { ...outcome, ...hopeless, findings: [...outcome.findings, ...there] },
    };
  });
};

/**
 * No image holds page frames, so a page counts as modified when its bytes are not the kernel's, where those are known.
 * A page that was copied and holds the same bytes is not told apart, and nothing is lost with it.
 */
const withPages = (verdict: Verdict, { genuine }: ImageLook): Verdict => {
  const { vdso } = verdict;
  if (!vdso || vdso.modifiedPages !== undefined || genuine === undefined) return verdict;
  return { ...verdict, vdso: { ...vdso, modifiedPages: genuine.pages } };
};

/** A task whose dump CRIU gave up, or a zombie: what the log says of it is all there is. */
const unfinished = (evidence: Evidence, verdict: Verdict, dump: CriuLog | undefined, expected: Forecast): Judged => {
  const lines = dump?.findings.filter(({ pid }) => pid === evidence.process.pid) ?? [];
  const findings = [...verdict.findings, ...lineFindings('dump.log', lines)];
  if (dump?.ended === 'success' || evidence.process.state === 'Z')
    return { evidence, verdict: { ...verdict, findings }, forecast: expected };
  const died = lines.some(({ code }) => code === 'parasite-died');
  const failed: Forecast = {
    ...expected,
    dump: died ? 'fail-kills' : 'fail',
    restore: null,
    loss: undefined,
    findings: [],
  };
  return { evidence, verdict: { ...verdict, findings }, forecast: failed };
};

/** One log by itself: the processes a dump.log lists with their mappings, or those a restore.log speaks of. */
export const readLogPostMortem = async (
  path: string,
  context: PostMortemContext = {},
): Promise<Outcome<PostMortem>> => {
  const read = await readLogFile(path);
  if (!read.ok) return read;
  const { log, problems } = read.value;
  const set: ImageSet = { ...NO_IMAGES, directory: path };
  const logs: Logs = {
    dump: log.kind === 'restore' ? undefined : log,
    restore: log.kind === 'restore' ? log : undefined,
  };
  const judged = [...judgeImages(set, logs, [], context), ...(log.kind === 'restore' ? restoredTasks(log) : [])];
  return success({ set, logs, host: judged[0]?.evidence.host, judged, problems });
};

const NO_IMAGES: ImageSet = {
  directory: '',
  kind: 'unfinished',
  inventory: undefined,
  processes: [],
  stats: { pagesWritten: undefined, pagesInParent: undefined, pagesLazy: undefined, pagesRestored: undefined },
  written: undefined,
  logs: [],
  problems: [],
};

const restoredTasks = (log: CriuLog): readonly Judged[] => {
  const pids = new Set(log.findings.flatMap(({ pid }) => pid ?? []));
  return [...pids]
    .sort((one, other) => one - other)
    .map((pid) => {
      const evidence = taskWithoutImage(pid, log);
      const verdict = judge(evidence);
      const lines = log.findings.filter((finding) => finding.pid === pid);
      return {
        evidence,
        verdict: { ...verdict, findings: [...outcomeFindings(lines), ...lineFindings('restore.log', lines)] },
      };
    });
};
