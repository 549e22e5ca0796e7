import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Host } from '../model/evidence.js';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { BUNDLE_FORMAT } from './files.js';
import type { StampJson } from './taken.js';
import type { BundleFile } from './write-collect.js';

/** When it was read; a boot by its id, so that evidence of another one is told apart. */
export interface WhenTaken {
  readonly from: StampJson;
  readonly until: StampJson;
}

/** bundle.json: where the evidence is from, and from when. */
export const manifest = (host: Host, taken: WhenTaken, note: string): BundleFile => {
  const document = {
    format: BUNDLE_FORMAT,
    host: {
      release: host.release ?? null,
      machine: host.machine ?? null,
      pageSize: host.pageSize,
      hintTest: host.hintTest,
      ...(host.bootId === undefined ? {} : { bootId: host.bootId }),
    },
    taken,
    reference: Object.fromEntries([...host.reference].map(([image, frames]) => [image, frames.map(hex)])),
    note,
  };
  return { path: 'bundle.json', bytes: Buffer.from(`${JSON.stringify(document, null, 2)}\n`) };
};

export const isArchive = (target: string): boolean => /\.(?:tar\.gz|tgz)$/.test(target);

/**
 * Where a bundle may go: a directory that is not there or is empty, or an archive that is not there. Asked before any
 * process is read. Nothing is ever overwritten.
 */
export const checkTarget = (target: string): Failure | undefined => {
  const shown = escapeText(target);
  try {
    const entry = statSync(target, { throwIfNoEntry: false });
    if (entry === undefined) return undefined;
    if (isArchive(target) || !entry.isDirectory())
      return failure('cannot-write', `${shown} exists.`, 'Give a name that is not taken.');
    return readdirSync(target).length === 0
      ? undefined
      : failure('cannot-write', `${shown} is not empty.`, 'Give a new or an empty directory.');
  } catch (error) {
    // A loop of links, a folder on the way that may not be entered, a name that is too long.
    return cannotWrite(target, error);
  }
};

/**
 * Writes a bundle: files readable by their owner only. bundle.json comes last in a directory, so that one that was not
 * finished is not taken for a bundle, and is asked for when all else is read; an unfinished archive is removed, also when
 * `stop` ends it. The first error ends it and is said.
 */
export const writeBundle = async (
  target: string,
  last: () => BundleFile,
  files: Iterable<BundleFile>,
  stop?: AbortSignal,
): Promise<Outcome<number>> => {
  try {
    const refused = checkTarget(target);
    if (refused !== undefined) return failed(refused);
    return success(
      isArchive(target) ? await writeArchive(target, last, files, stop) : writeFolder(target, last, files),
    );
  } catch (error) {
    return failed(cannotWrite(target, error));
  }
};

const writeFolder = (target: string, last: () => BundleFile, files: Iterable<BundleFile>): number => {
  if (statSync(target, { throwIfNoEntry: false }) === undefined) mkdirSync(target, { mode: 0o700 });
  const made = new Set<string>();
  let count = 0;
  const write = ({ path, bytes }: BundleFile): void => {
    const folder = dirname(path);
    if (!made.has(folder)) mkdirSync(join(target, folder), { recursive: true, mode: 0o700 });
    made.add(folder);
    writeFileSync(join(target, path), bytes, { flag: 'wx', mode: 0o600 });
    count += 1;
  };
  for (const file of files) write(file);
  write(last());
  return count;
};

/** Everything is below one folder named like the archive, as tar would make it of a directory. */
const writeArchive = async (
  target: string,
  last: () => BundleFile,
  files: Iterable<BundleFile>,
  stop: AbortSignal | undefined,
): Promise<number> => {
  const folder = basename(target).replace(/\.(?:tar\.gz|tgz)$/, '') || 'bundle';
  const archive = pack();
  let count = 0;
  const fill = async (): Promise<void> => {
    const write = async ({ path, bytes }: BundleFile): Promise<void> => {
      const entry = { name: `${folder}/${path}`, mode: 0o600, size: bytes.length };
      await new Promise<void>((resolve, reject) => {
        const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        // The callback hears of errors while it is written, the event of those that end the archive before.
        archive.entry(entry, content, (error) => (error ? reject(error) : resolve())).once('error', reject);
      });
      count += 1;
    };
    for (const file of files) await write(file);
    await write(last());
    archive.finalize();
  };
  // Opened before anything can stop it: from here on the file is ours, and ours to remove.
  const output = (await open(target, 'wx', 0o600)).createWriteStream();
  try {
    await Promise.all([pipeline(archive, createGzip(), output, { signal: stop }), fill()]);
  } catch (error) {
    archive.destroy();
    output.destroy();
    rmSync(target, { force: true });
    throw error;
  }
  return count;
};

const cannotWrite = (target: string, error: unknown): Failure => {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  const mend = MENDS.get(error.code) ?? 'Give a directory that can be written.';
  const rest = !isArchive(target) && existsSync(target) ? ' What is there is not a whole bundle.' : '';
  return failure('cannot-write', `${escapeText(target)} cannot be written (${error.code}).${rest}`, mend, error);
};

const MENDS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'The disk is full: make room, or give a place on another disk.'],
  ['EDQUOT', 'The quota is used up: make room, or give a place on another disk.'],
  ['ENOENT', 'Make the directory it shall be in first.'],
  // A link that leads nowhere.
  ['EEXIST', 'Something has that name: give another.'],
  ['EACCES', 'Give a place that this user may write to.'],
  ['EPERM', 'Give a place that this user may write to.'],
  ['EROFS', 'That file system is read-only: give a place on another.'],
]);
