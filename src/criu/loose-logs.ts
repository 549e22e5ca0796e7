import { stat } from 'node:fs/promises';
import { type Outcome, success } from '../model/failure.js';
import { logProcessOf } from './image-evidence.js';
import type { Logs } from './image-look.js';
import type { ImageSet } from './image-set.js';
import type { CriuLog } from './log/log.js';
import { isForeign, type LooseLog, logsIn, readLogFile } from './logs-beside.js';

/** One for a file, all that are there for a directory without images. */
export const readLooseLogs = async (path: string): Promise<Outcome<readonly LooseLog[]>> => {
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isDirectory() === true) return logsIn(path);
  const read = await readLogFile(path);
  return read.ok ? success([read.value]) : read;
};

/** The logs that lie beside images, and of loose ones those of the same dump and of its restore. */
export const withLoose = (set: ImageSet, beside: Logs, loose: readonly LooseLog[]): Logs => {
  if (set.processes.length === 0) return beside;
  const find = (kind: 'dump' | 'restore', fits: (log: CriuLog) => boolean): CriuLog | undefined =>
    loose.find(({ log }) => log.kind === kind && fits(log))?.log;
  return {
    dump: beside.dump ?? find('dump', (log) => isDumpOf(set, log)),
    restore: beside.restore ?? find('restore', (log) => isRestoreOf(set, log)),
  };
};

/** By its run, by the mappings it lists, or where it lists none (-v4 does) by the processes it names. */
const isDumpOf = (set: ImageSet, log: CriuLog): boolean => {
  if (isForeign(set, log)) return false;
  if (set.inventory?.runId !== undefined && set.inventory.runId === log.runId) return true;
  if (set.processes.some((process) => process.areas !== undefined && logProcessOf(process, log) !== undefined))
    return true;
  return log.processes.every(({ vmas }) => vmas.length === 0) && namesOneOf(set, log);
};

/** By the run of the dump that it names, or it names a process of the images, and puts no vDSO where they have none. */
const isRestoreOf = (set: ImageSet, log: CriuLog): boolean => {
  if (set.inventory?.runId !== undefined && log.imagesRunId !== undefined) return !isForeign(set, log);
  if (!namesOneOf(set, log)) return false;
  return log.findings.every(({ code, pid, address }) => {
    if (code !== 'image-vdso') return true;
    const areas = set.processes.find((process) => process.pid === pid)?.areas;
    return areas === undefined || areas.some(({ start }) => start === address);
  });
};

const namesOneOf = ({ processes }: ImageSet, log: CriuLog): boolean => {
  const named = new Set([...log.findings, ...log.processes].flatMap(({ pid }) => pid ?? []));
  return processes.some(({ pid }) => named.has(pid));
};

/** Loose logs that are of no images, together where a restore is of what was dumped. */
export const pairedLogs = (loose: readonly LooseLog[]): readonly (readonly LooseLog[])[] => {
  const pids = ({ log }: LooseLog): ReadonlySet<number> =>
    new Set([...log.findings, ...log.processes].flatMap(({ pid }) => pid ?? []));
  const groups: LooseLog[][] = [];
  for (const one of loose) {
    const own = pids(one);
    const fitting = groups.find(
      ([first, second]) =>
        first !== undefined &&
        second === undefined &&
        first.log.kind !== one.log.kind &&
        [...pids(first)].some((pid) => own.has(pid)),
    );
    if (fitting === undefined) groups.push([one]);
    else fitting.push(one);
  }
  return groups;
};
