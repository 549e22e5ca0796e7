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
  /** What is waiting stands at bytes[0..waiting); one buffer for all pieces, which grows to what is needed. */
  let bytes: Buffer = Buffer.allocUnsafeSlow(0);
  let waiting = 0;
  /** Of what has been handed out: it makes room before the next piece comes. */
  let done = 0;
  let lineAt = 0;

  const append = (piece: Buffer): void => {
    const left = waiting - done;
    if (left + piece.length > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (left + piece.length));
      bytes.copy(larger, 0, done, waiting);
      bytes = larger;
    } else bytes.copyWithin(0, done, waiting);
    piece.copy(bytes, left);
    lineAt -= done;
    done = 0;
    waiting = left + piece.length;
  };

  const push = (piece: Buffer): readonly Block[] => {
    append(piece);
    const blocks: Block[] = [];
    let searched = waiting - piece.length;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, searched);
      if (newline === -1 || newline >= waiting) break;
      if (isMark(bytes, lineAt, newline)) {
        blocks.push(blockOf(bytes, done, lineAt, newline));
        done = newline + 1;
      }
      lineAt = newline + 1;
      searched = lineAt;
    }
    if (waiting - done > longest) {
      blocks.push({ state: 'damaged', bytes, from: done, to: waiting, mark: '' });
      done = waiting;
      lineAt = done;
    }
    return blocks;
  };

  const end = (): Block | undefined => {
    if (waiting === done) return undefined;
    const mark = bytes.toString('latin1', lineAt, Math.min(waiting, lineAt + SHOWN));
    return { state: 'torn', bytes, from: done, to: lineAt, mark };
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
  const written = bytes.subarray(from, to + sum.index);
  const counted = crc32(mark.endsWith('\r') ? withoutReturns(written) : written);
  return { state: counted === Number.parseInt(sum[1] ?? '', 16) ? 'whole' : 'damaged', bytes, from, to, mark };
};

/** Copied as text between systems, lines end in CR LF. No line of ours has a CR: in JSON text it is escaped. */
const withoutReturns = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
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
