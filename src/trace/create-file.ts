import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf, type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';

/**
 * A new file for a recording: 0600, and its name must be free, or an empty file of ours (mktemp makes such). A link
 * in its place is not followed, and what holds something is not written over: in /tmp the name may be somebody's trap.
 */
export const createFile = async (path: string): Promise<Outcome<FileHandle>> => {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_APPEND } = constants;
  try {
    return success(await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND, 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return failed(cannotWrite(path, error));
  }
  // O_NONBLOCK: a FIFO without a reader must not hold us.
  return await openOwn(path, 0, (size) =>
    size === 0 ? undefined : 'holds something already, and a recording is not written over it',
  );
};

/** A file to add to, made when it is not there, under the same rules but that it may hold something. */
export const appendFile = async (path: string): Promise<Outcome<FileHandle>> =>
  await openOwn(path, constants.O_CREAT, () => undefined);

const openOwn = async (
  path: string,
  flags: number,
  refuse: (size: number) => string | undefined,
): Promise<Outcome<FileHandle>> => {
  const { O_WRONLY, O_NOFOLLOW, O_APPEND, O_NONBLOCK } = constants;
  let file: FileHandle;
  try {
    file = await open(path, O_WRONLY | O_NOFOLLOW | O_APPEND | O_NONBLOCK | flags, 0o600);
  } catch (error) {
    return failed(cannotWrite(path, error));
  }
  const entry = await file.stat();
  const why = !entry.isFile()
    ? 'is no file'
    : entry.uid !== process.geteuid?.()
      ? 'belongs to somebody else'
      : entry.nlink !== 1
        ? 'has a second name'
        : refuse(entry.size);
  if (why === undefined) return success(file);
  await file.close();
  return failed(failure('cannot-write', `${escapeText(path)} ${why}.`, 'Give another name, or remove it first.'));
};

/** Why a path cannot be written, as a sentence. */
export const cannotWrite = (path: string, error: unknown): Failure => {
  const code = codeOf(error) ?? 'unknown error';
  const shown = escapeText(path);
  const known = SENTENCES.get(code);
  if (known !== undefined) return failure('cannot-write', `${shown} ${known[0]}.`, known[1], error);
  return failure('cannot-write', `${shown} cannot be written (${code}).`, null, error);
};

const SENTENCES = new Map<string, readonly [string, string]>([
  [
    'ENOSPC',
    ['cannot be written any further: the disk is full', 'Free some space, or bound it with --rotate and --keep.'],
  ],
  [
    'EDQUOT',
    ['cannot be written any further: the quota is used up', 'Free some space, or bound it with --rotate and --keep.'],
  ],
  [
    'EFBIG',
    ['cannot be written any further: it is as large as a file may be here', 'Bound it with --rotate and --keep.'],
  ],
  ['ENOENT', ['cannot be made: its directory does not exist', 'Make the directory first.']],
  ['ELOOP', ['is a symbolic link, and none is followed', 'Give another name, or remove it first.']],
  ['EACCES', ['may not be written by this user', 'Give a directory that you may write to.']],
  // A FIFO that nobody reads, a socket.
  ['ENXIO', ['is no file', 'Give another name, or remove it first.']],
  ['ENOTDIR', ['cannot be made: what its path takes for a directory is none', 'Make the directory first.']],
  ['ENAMETOOLONG', ['cannot be made: its name is too long', 'Give a shorter one.']],
  ['EISDIR', ['is a directory', 'Give a name in it.']],
  ['EROFS', ['is on a file system that is mounted read-only', 'Give a directory that you may write to.']],
]);
