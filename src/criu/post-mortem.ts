import type { Target } from '../doctor/schema.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import type { Evidence, Host } from '../model/evidence.js';
import { type Failure, type Outcome, success } from '../model/failure.js';
import type { Finding, Forecast, Verdict } from '../model/verdict.js';
import type { Judged } from '../report/process.js';
import { bytesFindings } from './bytes-findings.js';
import { openDirectory, readImage } from './directory.js';
import { imageEvidence, logProcessOf } from './image-evidence.js';
import { imageForecast } from './image-forecast.js';
import { type ImageLook, type Logs, lookAt } from './image-look.js';
import type { ImageSet } from './image-set.js';
import { readImages } from './images.js';
import { layoutFindings } from './layout-findings.js';
import type { CriuLog, LogKind } from './log/log.js';
import { readLog } from './log/read.js';
import { logText } from './log/text.js';
import { logFindings } from './log-findings.js';
import type { Pristine } from './pristine.js';
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
  const logs: Logs = {
    dump: await readLogBeside(path, 'dump', problems),
    restore: await readLogBeside(path, 'restore', problems),
  };
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
  const criu = context.criu ?? logs.dump?.version ?? '4.2';
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
  const lines =
    dump?.findings.filter(({ pid, severity }) => pid === evidence.process.pid && severity === 'error') ?? [];
  const failed = dump?.ended !== 'success' && evidence.process.state !== 'Z';
  const died = lines.some(({ code }) => code === 'parasite-died');
  const told = lines.map(({ code, address, meaning, line, text }): Finding => {
    const sentence = `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}.`;
    return {
      code: `log-${code}`,
      severity: 'error',
      mapping: address,
      text: sentence,
      evidence: [`dump.log:${line}: ${text}`],
      criuMessage: text,
    };
  });
  return {
    evidence,
    verdict: { ...verdict, findings: [...verdict.findings, ...told] },
    forecast: failed ? { ...expected, dump: died ? 'fail-kills' : 'fail', restore: null, loss: undefined } : expected,
  };
};

/** A log that lies beside the images under its usual name. */
const readLogBeside = async (
  path: string,
  kind: Exclude<LogKind, 'unknown'>,
  problems: Failure[],
): Promise<CriuLog | undefined> => {
  const directory = await openDirectory(path);
  const file = directory.ok ? await readImage(directory.value, `${kind}.log`, LONGEST_LOG) : undefined;
  if (file === undefined) return undefined;
  if (file.ok) return readLog(logText(file.value), kind);
  problems.push(file.failure);
  return undefined;
};

/** Level 4 of a tree of a thousand processes is some 50 MB. */
const LONGEST_LOG = 256 * 2 ** 20;
