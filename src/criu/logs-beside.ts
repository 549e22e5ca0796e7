import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { fileTime, type ImageDirectory, openDirectory, readImage, shown, unixTime, unreadable } from './directory.js';
import type { Logs } from './image-look.js';
import type { ImageSet } from './image-set.js';
import type { CriuLog, LogFinding, LogKind } from './log/log.js';
import { readLog } from './log/read.js';
import { logText } from './log/text.js';

/** Level 4 of a tree of a thousand processes is some 50 MB. */
const LONGEST_LOG = 256 * 2 ** 20;
/** A directory of pre-dumps has a few. */
const MOST_LOGS = 16;

/**
 * The dump and restore logs that lie beside images, under whatever name (-o): told by name, else by content; the usual
 * names go first. A log of another dump than the images is left out, and said so.
 */
export const logsBeside = (set: ImageSet, problems: Failure[]): Logs => {
  const directory = openDirectory(set.directory);
  if (!directory.ok) return { dump: undefined, restore: undefined };
  let logs: Logs = { dump: undefined, restore: undefined };
  for (const { path, log } of logsOf(directory.value, set.logs, problems)) {
    if (log.kind === 'unknown' || logs[log.kind] !== undefined) continue;
    const foreign = isForeign(set, log);
    if (foreign) problems.push(failure('bad-input', `${shown(path)} is of another dump than the images.`));
    else logs = { ...logs, [log.kind]: log };
    if (!foreign) problems.push(...generalProblems(shown(path), log));
  }
  return logs;
};

const logsOf = (directory: ImageDirectory, names: readonly string[], problems: Failure[]): readonly NamedLog[] => {
  const usual = (name: string): number => (kindByName(name) === 'unknown' ? 1 : 0);
  const listed = [...names].sort((one, other) => usual(one) - usual(other)).slice(0, MOST_LOGS);
  return listed.flatMap((name) => {
    const log = readOne(directory, name, problems);
    return log === undefined ? [] : [{ path: join(directory.path, name), log }];
  });
};

/** A log, and what it or its path say that is of no process. */
export interface LooseLog extends NamedLog {
  readonly problems: readonly Failure[];
}

interface NamedLog {
  readonly path: string;
  readonly log: CriuLog;
}

/** The logs of a directory that holds nothing else of CRIU: its work directory (-W), or what a failed dump left. */
export const logsIn = (path: string): Outcome<readonly LooseLog[]> => {
  const directory = openDirectory(path);
  if (!directory.ok) return directory;
  const problems: Failure[] = [];
  const names = [...directory.value.names].filter((name) => name.endsWith('.log')).sort();
  const logs = logsOf(directory.value, names, problems).filter(({ log }) => log.kind !== 'unknown');
  if (logs.every(({ log }) => log.kind === 'dump' && log.ended !== 'success')) problems.push(unfinished(path));
  const [first, ...more] = logs.map((one) => ({ ...one, problems: generalProblems(shown(one.path), one.log) }));
  if (first !== undefined) return success([{ ...first, problems: [...problems, ...first.problems] }, ...more]);
  return failed(problems[0] ?? unfinished(path));
};

/** A dump that failed leaves no pstree.img. */
export const unfinished = (path: string): Failure =>
  failure(
    'bad-input',
    `${shown(path)} has no pstree.img: the dump stopped before the processes were written.`,
    'See its dump.log; nothing here can be restored.',
  );

/** Its log says that the dump went through. */
export const notCopied = (path: string): Failure =>
  failure(
    'bad-input',
    `${shown(path)} has no pstree.img, and its dump.log says that it was written.`,
    'Copy it there.',
  );

const readOne = (directory: ImageDirectory, name: string, problems: Failure[]): CriuLog | undefined => {
  const file = readImage(directory, name, LONGEST_LOG);
  if (file?.ok === true)
    return { ...readLog(logText(file.value), kindByName(name)), written: fileTime(directory, name) };
  if (file !== undefined) problems.push(file.failure);
  return undefined;
};

/** A restore has a run of its own, and names that of its images. */
export const isForeign = ({ inventory }: ImageSet, { kind, runId, imagesRunId }: CriuLog): boolean => {
  const dump = kind === 'restore' ? imagesRunId : runId;
  return inventory?.runId !== undefined && dump !== undefined && inventory.runId !== dump;
};

const kindByName = (name: string): LogKind =>
  /^dump\b/.test(name) ? 'dump' : /^restore\b/.test(name) ? 'restore' : 'unknown';

/** A log by itself: with -W or -o it need not lie beside the images. */
export const readLogFile = async (path: string): Promise<Outcome<LooseLog>> => {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > LONGEST_LOG)
      return failed(failure('too-large', `${shown(path)} is ${size} bytes long, too long for a log.`));
    const log = readLog(logText(await readFile(path)), kindByName(basename(path)));
    if (log.kind === 'unknown' && log.findings.length === 0)
      return failed(failure('bad-input', `${shown(path)} has no line that CRIU prints about a vDSO.`, 'Log with -v4.'));
    const dated = { ...log, written: unixTime(mtimeMs) };
    return success({ path, log: dated, problems: generalProblems(shown(path), log) });
  } catch (error) {
    return failed(unreadable(path, error));
  }
};

/** Errors that belong to no process: CRIU could not start, or failed for a reason that no vDSO has to do with. */
const generalProblems = (label: string, log: CriuLog): readonly Failure[] => {
  const told = (finding: LogFinding): boolean =>
    finding.severity === 'error' && !/^(dump|restore)-ended$/.test(finding.code);
  const general = log.findings.filter((finding) => told(finding) && finding.pid === undefined).slice(0, 20);
  const problems = general.map(({ line, meaning }) => failure('bad-input', `${label}, line ${line}: ${meaning}.`));
  if (log.ended !== 'success' && !log.findings.some(told) && log.firstError !== undefined) {
    // It says that it failed, unless it stops where it stands: at its options, or by a bug of its own.
    const what = log.ended === 'failure' ? 'CRIU failed' : 'CRIU stopped, it seems,';
    problems.push(failure('bad-input', `${label}: ${what} for a reason other than a vDSO: ${log.firstError}.`));
  }
  if (log.cut) problems.push(failure('too-large', `${label} is longer than is read; the rest was left out.`));
  return problems;
};
