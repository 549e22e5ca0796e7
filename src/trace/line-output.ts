import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { EXIT } from '../model/failure.js';

/** Lines to a stream whose reader may take its time: nothing is left out, it is waited for. */
export interface LineOutput {
  /** Lines without their ends. */
  readonly add: (lines: readonly string[]) => void;
  /** Writes what has come together, when it is enough; true: the reader has gone. */
  readonly isClosed: () => Promise<boolean>;
  /** Writes the rest. The exit status: a reader that has seen enough is well, a full disk is not. */
  readonly end: () => Promise<number>;
}

export const lineOutput = (stream: Writable): LineOutput => {
  let waiting: string[] = [];
  let broken: NodeJS.ErrnoException | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    broken ??= error;
  });
  const write = async (): Promise<void> => {
    if (waiting.length === 0 || broken !== undefined) return;
    const text = `${waiting.join('\n')}\n`;
    waiting = [];
    // A stream that breaks tells so by 'error' and will not drain.
    if (!stream.write(text)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
  };
  return {
    add: (lines) => {
      for (const line of lines) waiting.push(line);
    },
    isClosed: async () => {
      if (waiting.length >= ENOUGH) await write();
      return broken !== undefined;
    },
    end: async () => {
      await write();
      await new Promise<void>((resolve) => stream.write('', () => resolve()));
      if (broken === undefined || broken.code === 'EPIPE') return EXIT.well;
      process.stderr.write(`vdsowatch: standard output cannot be written (${broken.code ?? 'unknown error'})\n`);
      return EXIT.cannotRun;
    },
  };
};

const ENOUGH = 256;
