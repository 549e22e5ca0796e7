import type { WriteStream } from 'node:tty';
import { escapeText } from '../text/escape.js';

/** A line on a terminal that tells how far something has come. */
export interface ProgressBar {
  /** 0 to 1. */
  readonly show: (share: number) => void;
  readonly clear: () => void;
}

const CELLS = 30;
const LONGEST_NAME = 30;
/** A file that is read in less time shows none, ms. */
const PATIENCE = 300;
const EVERY = 100;
const CLEAR_LINE = '\r\u001b[2K';

/** Does nothing where `stream` is no terminal. `name`: of the file, hostile. */
export const progressBar = (stream: WriteStream, name: string): ProgressBar => {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  const shown = escapeText(name).slice(-LONGEST_NAME);
  let next = Date.now() + PATIENCE;
  let drawn = false;
  return {
    show: (share) => {
      if (Date.now() < next) return;
      next = Date.now() + EVERY;
      drawn = true;
      const full = Math.round(share * CELLS);
      const bar = `${'#'.repeat(full)}${'.'.repeat(CELLS - full)}`;
      stream.write(`${CLEAR_LINE}${shown} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`);
    },
    clear: () => {
      if (drawn) stream.write(CLEAR_LINE);
    },
  };
};
