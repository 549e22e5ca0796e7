import type { Writable } from 'node:stream';
import { EXIT, type Failure, failure } from '../model/failure.js';
import { escapeText } from '../text/escape.js';

/** Why nothing can be written any more. */
type Closed = { readonly status: number; readonly failure: Failure | undefined };

export interface LineSink {
  /** Writes lines, each without its end. */
  readonly write: (lines: readonly string[]) => void;
  /** Resolves when the reader has gone (EPIPE: it has seen enough, and that is well) or the disk is full. */
  readonly closed: Promise<Closed>;
}

/** As much as may wait for a slow reader, bytes. */
const MOST_WAITING = 16 * 1024 * 1024;

/**
 * Lines to a pipe or a file. A reader that does not keep up must neither block us (then bpftrace would lose events)
 * nor fill the memory: beyond a limit lines are left out, and a line says how many, made by `leftOut`.
 */
export const lineSink = (out: Writable, leftOut: (count: number) => string, most = MOST_WAITING): LineSink => {
  let missing = 0;
  const closed = new Promise<Closed>((resolve) => {
    out.on('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
          ? { status: EXIT.well, failure: undefined }
          : {
              status: EXIT.cannotRun,
              failure: failure(
                'cannot-write',
                `Standard output cannot be written (${escapeText(error.code ?? error.message)}).`,
                'Free some space there, or write elsewhere.',
              ),
            },
      ),
    );
  });
  const write = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    if (out.writableLength > most) {
      missing += lines.length;
      return;
    }
    const all = missing > 0 ? [leftOut(missing), ...lines] : lines;
    missing = 0;
    out.write(`${all.join('\n')}\n`);
  };
  return { write, closed };
};
