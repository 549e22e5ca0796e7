import { crc32 } from 'node:zlib';

/**
 * Lines that were written together and end with a mark, a `frame` or `check` line.
 * whole: the check sum agrees; unchecked: the mark has none (a tool changed the file); damaged: it does not agree, or
 * the block is longer than any that is written; torn: the data ended before the mark.
 */
export interface Block {
  readonly state: 'whole' | 'unchecked' | 'damaged' | 'torn';
  readonly bytes: Buffer;
  /** The lines before the mark, each with its newline: bytes[from..to). */
  readonly from: number;
  readonly to: number;
  /** The mark, without its newline; of a torn block: what stands after its last newline. */
  readonly mark: string;
}

export interface Blocks {
  /** The blocks that this piece completes. Their bytes are good until the next call. */
  readonly push: (piece: Buffer) => readonly Block[];
  /** What was begun and not completed; undefined: nothing. */
  readonly end: () => Block | undefined;
}

/** Cuts a recording into blocks. Memory is bounded by the longest block that is accepted. */
export const openBlocks = (longest = LONGEST_BLOCK): Blocks => {
  let rest: Buffer = Buffer.alloc(0);
  /** Where in `rest` the search for the next line's end goes on, and where that line began. */
  let searched = 0;
  let lineAt = 0;

  const push = (piece: Buffer): readonly Block[] => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const blocks: Block[] = [];
    let blockAt = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, searched);
      if (newline === -1) break;
      if (isMark(bytes, lineAt, newline)) {
        blocks.push(blockOf(bytes, blockAt, lineAt, newline));
        blockAt = newline + 1;
      }
      lineAt = newline + 1;
      searched = lineAt;
    }
    if (bytes.length - blockAt > longest) {
      blocks.push({ state: 'damaged', bytes, from: blockAt, to: bytes.length, mark: '' });
      blockAt = bytes.length;
      lineAt = blockAt;
    }
    rest = Buffer.from(bytes.subarray(blockAt));
    lineAt -= blockAt;
    searched = rest.length;
    return blocks;
  };

  const end = (): Block | undefined => {
    if (rest.length === 0) return undefined;
    return { state: 'torn', bytes: rest, from: 0, to: lineAt, mark: rest.toString('latin1', lineAt, lineAt + SHOWN) };
  };
  return { push, end };
};

/** No writer makes a block longer than a single snapshot with all its pages. */
const LONGEST_BLOCK = 16 * 1024 * 1024;
const SHOWN = 200;
const NEWLINE = 0x0a;

const blockOf = (bytes: Buffer, from: number, to: number, newline: number): Block => {
  const mark = bytes.toString('latin1', to, newline);
  const sum = CRC.exec(mark);
  if (sum === null) return { state: 'unchecked', bytes, from, to, mark };
  const counted = crc32(bytes.subarray(from, to + sum.index));
  return { state: counted === Number.parseInt(sum[1] ?? '', 16) ? 'whole' : 'damaged', bytes, from, to, mark };
};
const CRC = /,"crc":"([0-9a-f]{8})"\}\r?$/;

/** "f" of frame, "ch" of check: told first by the letters in which they differ from other lines. */
const isMark = (bytes: Buffer, from: number, to: number): boolean => {
  const letter = bytes[from + KIND];
  if (letter === 0x66)
    return to - from >= FRAME.length && bytes.compare(FRAME, 0, FRAME.length, from, from + FRAME.length) === 0;
  if (letter !== 0x63 || bytes[from + KIND + 1] !== 0x68) return false;
  return to - from >= CHECK.length && bytes.compare(CHECK, 0, CHECK.length, from, from + CHECK.length) === 0;
};
const KIND = '{"record":"'.length;
const FRAME = Buffer.from('{"record":"frame"');
const CHECK = Buffer.from('{"record":"check"');
