import { crc32 } from 'node:zlib';
import { openUnchanged, type Unchanged } from './unchanged.js';

/** The text of a recording in the making: lines, gathered in blocks of which each ends with its CRC (format.ts). */
export interface BlockText {
  /** A line, without its end. */
  readonly line: (text: string) => void;
  /** A reading that showed what an earlier one has shown: gathered with others, in front of the next line. */
  readonly unchanged: Unchanged['add'];
  /** Ends the block with this line, which is given up to its crc: `{"record":"frame",...`. */
  readonly close: (mark: string) => void;
  /** Closes the block where it has grown long: a tear or a flipped bit costs no more. */
  readonly bound: () => void;
  /** The blocks that were closed since the last time. */
  readonly taken: () => string;
}

export const openBlockText = (): BlockText => {
  const unchanged = openUnchanged();
  let block = '';
  let closed = '';
  const close = (mark: string): void => {
    block += unchanged.flush();
    block += mark;
    closed += `${block},"crc":"${crc32(block).toString(16).padStart(8, '0')}"}\n`;
    block = '';
  };
  return {
    line: (text) => {
      block += unchanged.flush();
      block += text;
      block += '\n';
    },
    unchanged: unchanged.add,
    close,
    bound: () => {
      if (block.length + unchanged.length() >= LONGEST) close(CHECK);
    },
    taken: () => {
      const text = closed;
      closed = '';
      return text;
    },
  };
};

/** Ends a block that no frame ends. */
export const CHECK = '{"record":"check"';
/** About so many characters. */
const LONGEST = 64 * 1024;
