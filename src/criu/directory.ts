import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { printable } from '../text/escape.js';

/** A CRIU image directory: only names that CRIU writes are kept, and nothing is followed out of it but `parent`. */
export interface ImageDirectory {
  readonly path: string;
  /** device:inode, to know a directory that comes back. */
  readonly identity: string;
  readonly names: ReadonlySet<string>;
}

/** Names CRIU gives to the files that say something about the vDSO, and anything that ends in .log. */
const OURS = /^(?:inventory|pstree)\.img$|^(?:core|mm|pagemap|ids|vmas|pages|timens)-\d{1,10}\.img$|^stats-|\.log$/;

/** Lists a directory. Fails with one sentence when it cannot be read; an empty list is no failure. */
export const openDirectory = (path: string): Outcome<ImageDirectory> => {
  try {
    const { dev, ino } = statSync(path);
    const names = new Set<string>();
    const listing = opendirSync(path);
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        if (OURS.test(entry.name)) names.add(entry.name);
        if (names.size > MOST_NAMES)
          return failed(failure('too-large', `${shown(path)} holds more than ${MOST_NAMES} images.`, null));
      }
    } finally {
      listing.closeSync();
    }
    return success({ path, identity: `${dev}:${ino}`, names });
  } catch (error) {
    return failed(unreadable(path, error));
  }
};

/** Four files a process at the least: enough for a quarter of a million processes. */
const MOST_NAMES = 1_000_000;

/**
 * The directory that the `parent` link of an incremental dump names; undefined when there is none. The only link
 * that is followed.
 */
export const openParent = (directory: ImageDirectory): Outcome<ImageDirectory> | undefined => {
  const link = join(directory.path, 'parent');
  try {
    lstatSync(link);
  } catch (error) {
    return isMissing(error) ? undefined : failed(unreadable(link, error));
  }
  try {
    return openDirectory(realpathSync(link));
  } catch (error) {
    const text = isMissing(error) ? 'names a directory that is not there' : reason(error);
    return failed(failure('bad-input', `The parent link of ${shown(directory.path)} ${text}.`, BRING_PARENT, error));
  }
};

export const BRING_PARENT = 'Copy the parent directories of the incremental dump to where the link points.';

/** Opens a regular file of the directory for reading; undefined when there is none. Links and pipes are refused. */
export const openImage = (directory: ImageDirectory, name: string): Outcome<OpenImage> | undefined => {
  if (!directory.names.has(name)) return undefined;
  const path = join(directory.path, name);
  let file: number;
  try {
    // O_NONBLOCK: a FIFO in the place of an image must not make the reader wait for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return failed(unreadable(path, error));
  }
  const status = fstatSync(file);
  if (status.isFile()) return success({ file, size: status.size, written: status.mtimeMs });
  closeSync(file);
  return failed(failure('bad-input', `${shown(path)} is not a regular file and was not read.`, null));
};

export interface OpenImage {
  /** To be closed by who opened it. */
  readonly file: number;
  readonly size: number;
  /** When it was written last: Unix, ms. */
  readonly written: number;
}

/** When a file of the directory was written last: Unix, ns. Undefined: there is none that can be asked. */
export const fileTime = (directory: ImageDirectory, name: string): bigint | undefined => {
  const opened = openImage(directory, name);
  if (opened?.ok !== true) return undefined;
  closeSync(opened.value.file);
  return unixTime(opened.value.written);
};

/** Unix, ns, of a time in ms. */
export const unixTime = (ms: number): bigint => BigInt(Math.round(ms)) * NS_PER_MS;

const NS_PER_MS = 1_000_000n;

/** The whole of a small image; undefined when the directory has none of that name. */
export const readImage = (
  directory: ImageDirectory,
  name: string,
  longest: number = LONGEST_IMAGE,
): Outcome<Uint8Array> | undefined => {
  const opened = openImage(directory, name);
  if (opened === undefined || !opened.ok) return opened;
  const { file, size } = opened.value;
  try {
    if (size > longest)
      return failed(
        failure(
          'too-large',
          `${labelOf(directory, name)} is ${size} bytes long, more than the ${longest} that are read.`,
          null,
        ),
      );
    const bytes = new Uint8Array(size);
    return success(bytes.subarray(0, readSync(file, bytes, 0, size, 0)));
  } catch (error) {
    return failed(unreadable(join(directory.path, name), error));
  } finally {
    closeSync(file);
  }
};

/** An mm image of 262,144 VMAs is 12 MB; a pagemap image of a million runs as much. */
const LONGEST_IMAGE = 64 * 2 ** 20;

/** An image with its directory, for a sentence. */
export const labelOf = (directory: ImageDirectory, name: string): string => shown(join(directory.path, name));

/** A path for a sentence: its bytes escaped. */
export const shown = (path: string): string => printable(Buffer.from(path).toString('latin1'));

const isMissing = (error: unknown): boolean => code(error) === 'ENOENT';

const code = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const REASONS = new Map([
  ['ENOENT', 'is not there'],
  ['ENOTDIR', 'is not a directory'],
  ['EACCES', 'may not be read by this user'],
  ['EPERM', 'may not be read by this user'],
  ['ELOOP', 'is a symbolic link and was not followed'],
]);

const reason = (error: unknown): string => {
  const name = code(error);
  if (name === undefined) throw error;
  return REASONS.get(name) ?? `cannot be read (${name})`;
};

/** Why a path cannot be read. An error that is none of a system call is a bug, and thrown on. */
export const unreadable = (path: string, error: unknown): Failure => {
  const denied = code(error) === 'EACCES' || code(error) === 'EPERM';
  return denied
    ? failure('no-privilege', `${shown(path)} ${reason(error)}.`, 'Run as root, or make the images readable.', error)
    : failure('unreadable', `${shown(path)} ${reason(error)}.`, null, error);
};
