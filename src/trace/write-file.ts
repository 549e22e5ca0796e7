import type { FileHandle } from 'node:fs/promises';
import { codeOf, type Failure, failure } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { cannotWrite } from './create-file.js';
import { gzipMember } from './gzip-member.js';

/** Writes whole blocks to a file, in order, behind the back of whoever gives them. */
export interface TraceWriter {
  /** Takes text of whole blocks. False: too much is waiting for a slow disk, and this was not taken. */
  readonly write: (text: string) => boolean;
  /** Everything taken so far is on the disk when it resolves; or it has failed. */
  readonly flush: () => Promise<void>;
  /** Flushes and closes. */
  readonly close: () => Promise<void>;
  /** Bytes written so far. */
  readonly size: () => number;
  /** Resolves at the first failure; nothing is written after it. */
  readonly failed: Promise<Failure>;
}

export interface WriterOptions {
  readonly path: string;
  readonly file: FileHandle;
  readonly gzip: boolean;
}

/**
 * What is taken is written at once (compressed: gathered for a while), and forced to the disk twice a second: a killed
 * process, or a machine without power, loses less than a second. When a write fails, what it left of itself is cut off.
 */
export const openWriter = ({ path, file, gzip }: WriterOptions): TraceWriter => {
  let waiting: string[] = [];
  let waitingLength = 0;
  let size = 0;
  let dirty = false;
  let broken = false;
  let pumping: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let fail: (reason: Failure) => void = () => {};
  const failed = new Promise<Failure>((resolve) => {
    fail = resolve;
  });

  const breakOff = (reason: Failure): void => {
    broken = true;
    waiting = [];
    waitingLength = 0;
    fail(reason);
  };

  const writeOut = async (): Promise<void> => {
    while (waiting.length > 0 && !broken) {
      const text = waiting.join('');
      waiting = [];
      waitingLength = 0;
      const bytes = gzip ? await gzipMember(text) : Buffer.from(text, 'latin1');
      await put(bytes);
    }
  };

  const put = async (bytes: Buffer): Promise<void> => {
    try {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
      size += bytes.length;
      dirty = true;
    } catch (error) {
      await file.truncate(size).catch(() => {});
      breakOff(cannotWrite(path, error));
    }
  };

  const sync = async (): Promise<void> => {
    if (!dirty || broken) return;
    dirty = false;
    try {
      await file.datasync();
      if ((await file.stat()).nlink === 0)
        breakOff(
          failure(
            'cannot-write',
            `${escapeText(path)} has been deleted, and what was recorded with it.`,
            'Record again, to another place.',
          ),
        );
    } catch (error) {
      // What is written to cannot be forced to a disk (fsync(2)).
      if (codeOf(error) === 'EINVAL') return;
      breakOff(cannotWrite(path, error));
    }
  };

  /** One at a time; a second asker waits for the first and then has its own turn. */
  const pump = (work: () => Promise<void>): Promise<void> => {
    const turn = (pumping ?? Promise.resolve()).then(work);
    pumping = turn;
    void turn.finally(() => {
      if (pumping === turn) pumping = undefined;
    });
    return turn;
  };

  const everySoOften = (): void => {
    void pump(async () => {
      await writeOut();
      await sync();
    });
  };

  const flush = async (): Promise<void> => {
    await pump(writeOut);
    await pump(sync);
  };

  timer = setInterval(everySoOften, FLUSH_MS);
  return {
    failed,
    size: () => size + (gzip ? 0 : waitingLength),
    write: (text) => {
      if (broken) return true;
      if (waitingLength + text.length > MOST_WAITING) return false;
      waiting.push(text);
      waitingLength += text.length;
      if (pumping === undefined && (!gzip || waitingLength >= MEMBER)) void pump(writeOut);
      return true;
    },
    flush,
    close: async () => {
      clearInterval(timer);
      timer = undefined;
      await flush();
      await file.close().catch((error: unknown) => breakOff(cannotWrite(path, error)));
    },
  };
};

const FLUSH_MS = 400;
/** A member of about this many characters is written before its time. */
const MEMBER = 1024 * 1024;
/** What may wait for a slow disk. */
const MOST_WAITING = 64 * 1024 * 1024;
