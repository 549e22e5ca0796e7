import { type FileHandle, open, stat } from 'node:fs/promises';
import { cannotOpen, codeOf, failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { isShellsPipe } from '../text/shells-pipe.js';
import type { LineReader, TraceItem } from './items.js';
import { openReading } from './reading.js';
import { unpack } from './unpack.js';

/** A recording that is open for reading. */
export interface TraceFile {
  readonly path: string;
  /**
   * The items in order, some at a time, of lines as the reader reads them; never throws. Can be asked for once. Closes the
   * file at the end.
   */
  readonly items: <T>(reader: LineReader<T>) => AsyncGenerator<readonly TraceItem<T>[], void, undefined>;
  /** For those who do not ask for the items. */
  readonly close: () => Promise<void>;
  /** How much has been read, 0 to 1; undefined for a pipe. */
  readonly progress: () => number | undefined;
}

/** Opens a recording, plain or compressed; told by its first bytes, not by its name. "-": standard input. */
export const openTrace = async (path: string): Promise<Outcome<TraceFile>> => {
  let file: FileHandle;
  let size: number | undefined;
  try {
    // Opening a FIFO waits for its writer, for ever where there is none; those a shell has opened are told by their place.
    if (path !== '-' && !isShellsPipe(path) && (await stat(path)).isFIFO())
      return failed(
        failure('bad-input', `${escapeText(path)} is a pipe.`, 'Give it as standard input, and - as FILE.'),
      );
    file = await open(path === '-' ? '/dev/stdin' : path, 'r');
    const entry = await file.stat();
    if (entry.isDirectory() || entry.isCharacterDevice() || entry.isBlockDevice()) {
      await file.close();
      return failed(failure('bad-input', `${escapeText(path)} is no file, so no recording.`, MAKES));
    }
    size = entry.isFile() ? entry.size : undefined;
  } catch (error) {
    return failed(cannotOpen(escapeText(path), error));
  }
  let read = 0;
  const pieces = async function* (): AsyncGenerator<Buffer, void, undefined> {
    // One buffer for all: what is read from a piece is copied before the next is asked for.
    const buffer = Buffer.allocUnsafe(PIECE);
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, PIECE, null);
        if (bytesRead === 0) return;
        read += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  };
  return success({
    path,
    items: (reader) => itemsOf(pieces(), reader),
    close: () => file.close(),
    progress: () => (size === undefined ? undefined : Math.min(1, read / Math.max(1, size))),
  });
};

const MAKES = 'Give a file that `vdsowatch record -o` wrote.';
const PIECE = 1024 * 1024;
/** Where so many bytes hold nothing of a recording, reading stops: the file may be a terabyte long. */
const ENOUGH_OF_NOTHING = 64 * PIECE;

async function* itemsOf<T>(
  pieces: AsyncGenerator<Buffer, void, undefined>,
  reader: LineReader<T>,
): AsyncGenerator<readonly TraceItem<T>[], void, undefined> {
  const reading = openReading(reader);
  let nothing: number | undefined = 0;
  try {
    for await (const piece of unpack(pieces)) {
      const items = Buffer.isBuffer(piece) ? reading.push(piece) : reading.broken(piece.broken, 'torn' in piece);
      if (items.some(({ kind }) => kind !== 'damage')) nothing = undefined;
      if (nothing !== undefined && Buffer.isBuffer(piece)) nothing += piece.length;
      if (nothing !== undefined && nothing > ENOUGH_OF_NOTHING) break;
      if (items.length > 0) yield items;
      if (items.some(({ kind }) => kind === 'foreign')) return;
    }
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    yield reading.broken(`it cannot be read any further (${code})`);
  }
  yield reading.end();
}
