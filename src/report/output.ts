import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/** How a report is printed: for a reader, or for a program. */
export type OutputFormat = 'table' | 'wide' | 'json' | 'ndjson';
export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'ndjson'] as const;

export const isForMachines = (format: OutputFormat | undefined): format is 'json' | 'ndjson' =>
  format === 'json' || format === 'ndjson';

/**
 * Standard output, whole or with an 'error'. Into a file Node writes synchronously and takes no notice of how much was
 * written (SyncWriteStream), so on a disk that is nearly full half a JSON document would end with status 0.
 */
export const standardOutput = (): Writable => {
  made ??= isFile(1) ? wholeFile(1) : process.stdout;
  return made;
};
let made: Writable | undefined;

/** Can a screen be shown: is there a terminal on both sides, and one that can be drawn on. */
export const isTerminal = (): boolean =>
  isatty(0) && isatty(1) && process.env['TERM'] !== undefined && process.env['TERM'] !== 'dumb';

/** Writes everything to a file descriptor, however often that takes. */
export const wholeFile = (descriptor: number): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });

const isFile = (descriptor: number): boolean => {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    // Closed: Node opens /dev/null there, or tells it by itself.
    return false;
  }
};
