import type { Writable } from 'node:stream';
import { EXIT } from '../model/failure.js';
import { say } from '../report/complain.js';

/** Lines to a stream whose reader may take its time: nothing is left out, it is waited for. */
export interface LineOutput {
  /** Lines with their ends; texts, or bytes that are not changed any more. */
  readonly add: (lines: readonly (string | Uint8Array)[]) => void;
  /** Writes what has come together, when it is enough; true: the reader has gone. */
  readonly isClosed: () => Promise<boolean>;
  /** Writes the rest. The exit status: a reader that has seen enough is well, a full disk is not. */
  readonly end: () => Promise<number>;
}

/** Lines for a stream that may be slow, or broken at any time: neither is an exception. */
export const lineOutput = (stream: Writable): LineOutput => {
  let waiting: (string | Uint8Array)[] = [];
  let length = 0;
  let broken: NodeJS.ErrnoException | undefined;
  let goOn: () => void = () => {};
  stream.on('error', (error: NodeJS.ErrnoException) => {
    broken ??= error;
    // It will not drain.
    goOn();
  });
  stream.on('drain', () => goOn());
  const write = async (): Promise<void> => {
    const pieces = waiting;
    waiting = [];
    length = 0;
    for (const piece of joined(pieces)) {
      if (broken !== undefined) return;
      if (stream.write(piece)) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
  };
  return {
    add: (lines) => {
      for (const line of lines) {
        waiting.push(line);
        length += line.length;
      }
    },
    isClosed: async () => {
      if (length >= ENOUGH) await write();
      return broken !== undefined;
    },
    end: async () => {
      await write();
      await new Promise<void>((resolve) => stream.write('', () => resolve()));
      if (broken === undefined || broken.code === 'EPIPE') return EXIT.well;
      say(
        `Standard output cannot be written (${broken.code ?? 'unknown error'}). Free some space there, or write elsewhere.`,
      );
      return EXIT.cannotRun;
    },
  };
};

const ENOUGH = 64 * 1024;

/** Texts that follow each other are written as one. */
const joined = (pieces: readonly (string | Uint8Array)[]): readonly (string | Uint8Array)[] => {
  const all: (string | Uint8Array)[] = [];
  let texts: string[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') texts.push(piece);
    else {
      if (texts.length > 0) all.push(texts.join(''));
      texts = [];
      all.push(piece);
    }
  }
  if (texts.length > 0) all.push(texts.join(''));
  return all;
};
