import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotOpen, type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { printable } from '../text/escape.js';
import { fileLimit, LIMITS, type Loaded } from './files.js';

/**
 * Reads the files of a bundle directory. Symbolic links, devices and FIFOs in it are refused, never followed. A file
 * that cannot be read, as on a bad disk, costs what it held.
 */
export const readDirectory = async (root: string): Promise<Outcome<Loaded>> => {
  const found: Found = { files: new Map(), lost: new Set(), problems: [], total: 0, entries: 0 };
  const problem = await walk(root, '', 0, found);
  return problem === undefined ? success(found) : failed(problem);
};

interface Found extends Loaded {
  readonly files: Map<string, Uint8Array>;
  readonly lost: Set<string>;
  readonly problems: Failure[];
  total: number;
  entries: number;
}

const walk = async (root: string, inside: string, depth: number, found: Found): Promise<Failure | undefined> => {
  const names = await list(join(root, inside));
  if (!Array.isArray(names)) return depth === 0 ? names : lose(inside, names, found);
  found.entries += names.length;
  if (found.entries > LIMITS.entries) return tooMany(root);
  for (const name of names.sort()) {
    const path = inside === '' ? name : `${inside}/${name}`;
    if (!isWanted(path, depth)) continue;
    const problem = await take(root, path, depth, found);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** Directories that a bundle has at each depth, and files with a limit. */
const isWanted = (path: string, depth: number): boolean =>
  fileLimit(path) !== undefined ||
  (depth === 0 && /^\d{1,10}$/.test(path)) ||
  (depth === 1 && /^\d{1,10}\/(ns|pagemap|kpageflags|mem)$/.test(path));

const take = async (root: string, path: string, depth: number, found: Found): Promise<Failure | undefined> => {
  const full = join(root, path);
  try {
    const entry = await lstat(full);
    if (entry.isDirectory()) return depth < 2 ? await walk(root, path, depth + 1, found) : undefined;
    if (!entry.isFile()) return notPlain(path);
    const limit = fileLimit(path);
    if (limit === undefined) return undefined;
    // O_NOFOLLOW: it may have become a link since; O_NONBLOCK: or a FIFO.
    const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (size > limit) return tooLarge(path, size, limit);
      found.total += size;
      if (found.total > LIMITS.total) return tooLarge('the bundle', found.total, LIMITS.total);
      const bytes = new Uint8Array(size);
      const { bytesRead } = await file.read(bytes, 0, size, 0);
      found.files.set(path, bytes.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    return lose(path, cannotOpen(printable(full), error), found);
  }
  return undefined;
};

/** Without its bundle.json it is none. */
const lose = (path: string, why: Failure, { lost, problems }: Found): Failure | undefined => {
  if (path === 'bundle.json') return why;
  lost.add(path);
  problems.push(why);
  return undefined;
};

const list = async (path: string): Promise<string[] | Failure> => {
  try {
    return await readdir(path);
  } catch (error) {
    return cannotOpen(printable(path), error);
  }
};

export const notPlain = (path: string): Failure =>
  failure('bad-input', `${printable(path)} in the bundle is not a plain file; links and devices are not followed.`);

export const tooLarge = (what: string, size: number, limit: number): Failure =>
  failure('too-large', `${printable(what)} has ${size} bytes, and no bundle needs more than ${limit}.`);

const tooMany = (root: string): Failure =>
  failure('too-large', `${printable(root)} holds more than ${LIMITS.entries} files; that is no evidence bundle.`);
