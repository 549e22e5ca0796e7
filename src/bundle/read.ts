import { open, stat } from 'node:fs/promises';
import type { Evidence, Host } from '../model/evidence.js';
import { cannotOpen, type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { printable } from '../text/escape.js';
import { type BundleFiles, LIMITS, type Loaded } from './files.js';
import { readArchive } from './read-archive.js';
import { readDirectory } from './read-directory.js';
import { parseBundleJson, UNKNOWN_BUNDLE } from './read-host.js';
import { readProcess } from './read-process.js';
import type { Taken } from './taken.js';

/** What a `vdsowatch-bundle/1` holds: one Evidence per pid directory, ascending. */
export interface BundleContents {
  readonly path: string;
  readonly host: Host;
  readonly note: string | undefined;
  /** Undefined: it does not say. */
  readonly taken: Taken | undefined;
  readonly processes: readonly Evidence[];
  /** What of it could not be read or used, one sentence each, escaped; the processes are still good. */
  readonly problems: readonly Failure[];
}

/**
 * Reads a bundle: a directory, or a .tar or .tar.gz of one. Bounded in memory, never outside the bundle. Fails in one
 * sentence when the bundle, or its only process, is not what `capture` writes.
 */
export const readBundle = async (path: string): Promise<Outcome<BundleContents>> => {
  const loaded = await load(path);
  return loaded.ok ? contentsOf(path, loaded.value) : loaded;
};

const load = async (path: string): Promise<Outcome<Loaded>> => {
  try {
    const entry = await stat(path);
    if (!entry.isDirectory() && !entry.isFile())
      return failed(failure('bad-input', `${printable(path)} is neither a file nor a directory.`));
    if (!entry.isDirectory()) return await readArchive(path, await isGzipped(path));
  } catch (error) {
    return failed(cannotOpen(printable(path), error));
  }
  return await readDirectory(path);
};

const isGzipped = async (path: string): Promise<boolean> => {
  const file = await open(path, 'r');
  try {
    const first = new Uint8Array(2);
    await file.read(first, 0, 2, 0);
    return first[0] === 0x1f && first[1] === 0x8b;
  } finally {
    await file.close();
  }
};

const contentsOf = (path: string, { files, lost, problems: before }: Loaded): Outcome<BundleContents> => {
  const json = files.get('bundle.json');
  // Of an archive whose end is lost: of its host nothing is known then.
  if (json === undefined && before.length === 0)
    return failed(failure('bad-input', `${printable(path)} holds no bundle.json.`));
  const said = json === undefined ? success(UNKNOWN_BUNDLE) : parseBundleJson(json);
  if (!said.ok) return said;
  const byPid = groupByPid(files);
  if (byPid.size > LIMITS.processes)
    return failed(failure('too-large', `${printable(path)} holds too many processes.`));
  const processes: Evidence[] = [];
  const problems = [...before];
  for (const [pid, own] of [...byPid].sort(([one], [other]) => one - other)) {
    if (lost.has(`${pid}/maps`)) continue;
    const process = readProcess(own, pid, said.value);
    if (process.ok) processes.push(process.value);
    else problems.push(process.failure);
  }
  const [first] = processes;
  if (first === undefined) {
    return failed(
      problems[0] ??
        failure('bad-input', `${printable(path)} holds no process.`, 'Capture one: vdsowatch capture PID.'),
    );
  }
  return success({
    path,
    host: first.host,
    note: said.value.note,
    taken: said.value.taken,
    processes,
    problems,
  });
};

const groupByPid = (files: BundleFiles): ReadonlyMap<number, BundleFiles> => {
  const byPid = new Map<number, Map<string, Uint8Array>>();
  for (const [path, bytes] of files) {
    const [, pid, name] = /^([1-9]\d{0,9})\/(.+)$/.exec(path) ?? [];
    if (pid === undefined || name === undefined) continue;
    const own = byPid.get(Number(pid)) ?? new Map<string, Uint8Array>();
    byPid.set(Number(pid), own.set(name, bytes));
  }
  return byPid;
};
