import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { type ImageDirectory, labelOf, openDirectory, readImage, shown, unreadable } from './directory.js';
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
 * names go first. A dump log of another run than the images is left out, and said so.
 */
export const logsBeside = (set: ImageSet, problems: Failure[]): Logs => {
  const directory = openDirectory(set.directory);
  if (!directory.ok) return { dump: undefined, restore: undefined };
  const usual = (name: string): number => (kindByName(name) === 'unknown' ? 1 : 0);
  const names = [...set.logs].sort((one, other) => usual(one) - usual(other)).slice(0, MOST_LOGS);
  let logs: Logs = { dump: undefined, restore: undefined };
  for (const name of names) {
    const log = readOne(directory.value, name, problems);
    if (log === undefined || log.kind === 'unknown' || logs[log.kind] !== undefined) continue;
    const foreign = log.kind === 'dump' && isForeign(set, log);
    if (foreign)
      problems.push(failure('bad-input', `${labelOf(directory.value, name)} is of another dump than the images.`));
    else logs = { ...logs, [log.kind]: log };
    if (!foreign) problems.push(...generalProblems(labelOf(directory.value, name), log));
  }
  return logs;
};

const readOne = (directory: ImageDirectory, name: string, problems: Failure[]): CriuLog | undefined => {
  const file = readImage(directory, name, LONGEST_LOG);
  if (file?.ok === true) return readLog(logText(file.value), kindByName(name));
  if (file !== undefined) problems.push(file.failure);
  return undefined;
};

const isForeign = ({ inventory }: ImageSet, { runId }: CriuLog): boolean =>
  inventory?.runId !== undefined && runId !== undefined && inventory.runId !== runId;

const kindByName = (name: string): LogKind =>
  /^dump\b/.test(name) ? 'dump' : /^restore\b/.test(name) ? 'restore' : 'unknown';

/** A log by itself; what CRIU says of no process in particular goes to `problems`. */
export const readLogFile = async (path: string): Promise<Outcome<{ log: CriuLog; problems: readonly Failure[] }>> => {
  try {
    const { size } = await stat(path);
    if (size > LONGEST_LOG)
      return failed(failure('too-large', `${shown(path)} is ${size} bytes long, too long for a log.`));
    const log = readLog(logText(await readFile(path)), kindByName(basename(path)));
    if (log.kind === 'unknown' && log.findings.length === 0)
      return failed(failure('bad-input', `${shown(path)} has no line that CRIU prints about a vDSO.`, 'Log with -v4.'));
    return success({ log, problems: generalProblems(shown(path), log) });
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
  if (log.ended === 'failure' && !log.findings.some(told) && log.firstError !== undefined)
    problems.push(failure('bad-input', `${label}: CRIU failed for a reason other than a vDSO: ${log.firstError}.`));
  if (log.cut) problems.push(failure('too-large', `${label} is longer than is read; the rest was left out.`));
  return problems;
};
