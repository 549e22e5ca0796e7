import { closeSync, constants, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { COMMON_MAGIC, SERVICE_MAGIC } from '../criu/framing.js';
import { cannotOpen, failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { isShellsPipe } from '../text/shells-pipe.js';

/**
 * What a path given to `analyze` or `diff` holds; told by content, never by its name alone. A checkpoint as podman and
 * Kubernetes write it is its directory checkpoint/; `logs` is the one above, where CRIU worked.
 */
export type Input =
  | { readonly kind: 'bundle'; readonly path: string }
  | { readonly kind: 'criu-image'; readonly path: string; readonly logs?: string }
  | { readonly kind: 'recording'; readonly path: string }
  | { readonly kind: 'core'; readonly path: string }
  /** A file, or a directory that holds logs and no images. */
  | { readonly kind: 'log'; readonly path: string };

/**
 * Looks at a directory's entries, or at the first bytes of a file. Never opens a device, a socket or a FIFO. What comes
 * through a pipe cannot be looked at first: a recording is the one thing that is read from its beginning to its end.
 */
export const recognise = (path: string): Outcome<Input> => {
  if (path === '-') return success({ kind: 'recording', path });
  const shown = escapeText(path);
  let entry: ReturnType<typeof statSync>;
  try {
    entry = statSync(path);
  } catch (error) {
    return failed(cannotOpen(shown, error));
  }
  try {
    if (entry.isDirectory()) return recogniseDirectory(path, shown);
    if (entry.isFIFO() && isShellsPipe(path)) return success({ kind: 'recording', path });
    if (!entry.isFile()) return failed(failure('bad-input', `${shown} is neither a file nor a directory.`, READS));
    return recogniseFile(path, shown);
  } catch (error) {
    return failed(cannotOpen(shown, error));
  }
};

const recogniseDirectory = (path: string, shown: string): Outcome<Input> => {
  if (existsSync(join(path, 'bundle.json'))) return success({ kind: 'bundle', path });
  const names = readdirSync(path);
  if (names.some(isImage)) return success({ kind: 'criu-image', path });
  const below = join(path, 'checkpoint');
  if (names.includes('checkpoint') && statSync(below).isDirectory() && readdirSync(below).some(isImage))
    return success({ kind: 'criu-image', path: below, logs: path });
  if (names.some((name) => LOG_NAME.test(name) || (name.endsWith('.log') && beginsAsLog(join(path, name)))))
    return success({ kind: 'log', path });
  return failed(
    failure(
      'bad-input',
      `${shown} holds neither an evidence bundle (no bundle.json) nor CRIU images (no inventory.img, no mm-*.img).`,
      'Give the directory that `vdsowatch capture -o` or `criu dump -D` wrote.',
    ),
  );
};

const isImage = (name: string): boolean => IMAGE_NAME.test(name);

const IMAGE_NAME = /^(?:inventory|pstree|(?:mm|core|pagemap)-\d+)\.img$/;
const LOG_NAME = /^(?:dump|restore)\.log$/;

const readHead = (path: string, most = 512): { readonly head: Buffer; readonly length: number } => {
  const head = Buffer.alloc(most);
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const length = readSync(file, head, 0, head.length, 0);
  closeSync(file);
  return { head, length };
};

/** What cannot be read is no log: whoever reads the directory says so. */
const beginsAsLog = (path: string): boolean => {
  try {
    return statSync(path).isFile() && CRIU_LOG_LINE.test(readHead(path).head.toString('latin1'));
  } catch {
    return false;
  }
};

const recogniseFile = (path: string, shown: string): Outcome<Input> => {
  const { head, length } = readHead(path);
  if (length === 0) return failed(failure('bad-input', `${shown} is empty.`, READS));
  // e_type at byte 16: 4 is ET_CORE, in either byte order.
  if (head.subarray(0, 4).equals(ELF_MAGIC) && (head[16] === 4 || head[17] === 4))
    return success({ kind: 'core', path });
  if (head[0] === 0x1f && head[1] === 0x8b) return success({ kind: packedKind(path, head.subarray(0, length)), path });
  if (isTar(head)) return success({ kind: 'bundle', path });
  if (head.subarray(0, 4).equals(ZSTD_MAGIC))
    return failed(
      failure(
        'bad-input',
        `${shown} is compressed by zstd, as podman exports checkpoints.`,
        'Unpack it (tar --zstd -xf) and give the directory.',
      ),
    );
  const whole = wholeOf(basename(path), head);
  if (whole !== undefined)
    return failed(failure('bad-input', `${shown} is a part of ${whole}.`, 'Give the directory that it is in.'));
  if (head[0] === 0x7b) return success({ kind: 'recording', path });
  if (/\.log$/.test(path) || CRIU_LOG_LINE.test(head.toString('latin1'))) return success({ kind: 'log', path });
  // Its beginning may be damaged, or cut off; an editor may have put a mark in front of it.
  if (readHead(path, FAR).head.includes(RECORD)) return success({ kind: 'recording', path });
  return failed(
    failure(
      'bad-input',
      `${shown} is none of: evidence bundle, CRIU image directory or log, recording, ELF core file.`,
      READS,
    ),
  );
};

/** What somebody gave one file of, who meant all of it. */
const wholeOf = (name: string, head: Buffer): string | undefined => {
  if (name === 'bundle.json') return 'an evidence bundle';
  const magic = head.readUInt32LE(0);
  return magic === COMMON_MAGIC || magic === SERVICE_MAGIC ? "CRIU's images" : undefined;
};

/** An archive or a recording; by the name where too little can be unpacked to see. */
const packedKind = (path: string, head: Buffer): 'bundle' | 'recording' => {
  const content = unpackedFront(head);
  if (isTar(content)) return 'bundle';
  return content[0] !== 0x7b && /\.t(?:ar\.)?gz$/.test(path) ? 'bundle' : 'recording';
};

const unpackedFront = (head: Buffer): Buffer => {
  try {
    return gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH });
  } catch {
    // Damaged: whoever reads it says so.
    return Buffer.alloc(0);
  }
};

const isTar = (head: Buffer): boolean => head.subarray(257, 262).toString('latin1') === 'ustar';

/** How a line of a recording begins, and how far into a file one is looked for. */
const RECORD = '{"record":"';
const FAR = 64 * 1024;

const READS = 'See `vdsowatch analyze --help` for what it reads.';

const ELF_MAGIC = Buffer.from('\u007fELF', 'latin1');
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** "(00.004342) ..." starts every line of dump.log and restore.log. */
const CRIU_LOG_LINE = /^\(\d{2,}\.\d{6}\)/m;
