import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf } from '../model/failure.js';
import { parseStat } from '../proc/parse/stat.js';

/** A recording that is being written. */
export interface RunningRecording {
  readonly pid: number;
  readonly path: string;
}

/** Asks a recording to bring what it has to the disk. */
export const FLUSH = 'SIGUSR2';

/** Says that this process records to that file, for `vdsowatch hook` to find; the value takes it back. */
export const register = (path: string, folder = registryFolder()): (() => void) => {
  const ticks = startTicks(process.pid);
  const entry = join(folder, `${process.pid}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    forgetTheDead(folder);
    writeFileSync(entry, JSON.stringify({ path: resolve(path), startTicks: String(ticks) }), { mode: 0o600 });
  } catch (error) {
    // Without it a hook does not find this recording; the recording itself lacks nothing.
    if (codeOf(error) === undefined) throw error;
  }
  // A second signal ends the process at once.
  const remove = (): void => rmSync(entry, { force: true });
  process.prependOnceListener('exit', remove);
  return () => {
    process.removeListener('exit', remove);
    remove();
  };
};

/** Who was killed could not take its entry back. */
const forgetTheDead = (folder: string): void => {
  for (const name of readdirSync(folder)) {
    const pid = ENTRY.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(folder, name), { force: true });
  }
};

/** The recordings of this user that are being written now. */
export const runningRecordings = (folder = registryFolder()): readonly RunningRecording[] => {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return [];
  }
  return names.flatMap((name) => entryOf(folder, name) ?? []);
};

const ENTRY = /^([1-9]\d{0,9})\.json$/;

const entryOf = (folder: string, name: string): RunningRecording | undefined => {
  const pid = Number(ENTRY.exec(name)?.[1]);
  if (!Number.isInteger(pid)) return undefined;
  try {
    const entry: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    if (typeof entry !== 'object' || entry === null || !('path' in entry) || !('startTicks' in entry)) return undefined;
    // The pid may be somebody else's by now.
    if (typeof entry.path !== 'string' || entry.startTicks !== String(startTicks(pid))) return undefined;
    return { pid, path: entry.path };
  } catch {
    // Gone meanwhile, or half written.
    return undefined;
  }
};

const startTicks = (pid: number): bigint | undefined =>
  parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.startTicks;

const registryFolder = (): string =>
  process.geteuid?.() === 0
    ? '/run/vdsowatch'
    : join(process.env['XDG_RUNTIME_DIR'] || `/run/user/${process.geteuid?.()}`, 'vdsowatch');
