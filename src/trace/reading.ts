import type { Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type Block, openBlocks } from './blocks.js';
import { FrameRecord } from './format.js';
import type { Later, LineReader, Said, TraceItem } from './items.js';
import { fromDigits } from './number-text.js';

export interface Reading<T> {
  readonly push: (piece: Buffer) => readonly TraceItem<T>[];
  /** What is left at the end of the data. */
  readonly end: () => readonly TraceItem<T>[];
  /** Something between the last piece and the next is missing: what was begun is closed. */
  readonly broken: (text: string, torn?: boolean) => readonly TraceItem<T>[];
}

/** From bytes to items; pure but for its own memory. Never throws, whatever the bytes. */
export const openReading = <T>(reader: LineReader<T>): Reading<T> => {
  let blocks = openBlocks();
  let items: TraceItem<T>[] = [];
  let content: T[] = [];
  /** Lines read so far. */
  let number = 0;
  let lastFrame: number | undefined;
  let at = 0n;
  let offset = 0n;
  let foreign = false;
  /** What lines name may be lost: by damage, or because a later version wrote it. */
  let hurt = false;
  let newer = false;

  const damaged = (text: string, line: number, torn = false): void => {
    hurt = true;
    // What a reader held back is from before.
    if (reader.end !== undefined) close();
    items.push({ kind: 'damage', damage: { text, line, torn } });
  };

  const passedOver = (later: Later, line: number): void => {
    if (later.what === 'words') {
      newer = true;
      if (reader.end !== undefined) close();
    }
    const text = `${some(later.lines, line, number, 'is', 'are')} by a later version of vdsowatch`;
    items.push({ kind: 'damage', damage: { text, line, torn: false, later } });
  };

  const block = (one: Block): void => {
    if (one.state === 'damaged') {
      const first = number + 1;
      number += countLines(one) + (one.mark === '' ? 0 : 1);
      const whole =
        first === number ? `line ${first} is not as it was` : `lines ${first} to ${number} are not as they were`;
      damaged(`${whole} written`, first);
    } else {
      readLines(one);
      number += 1;
    }
    if (one.mark.startsWith(FRAME)) mark(one);
  };

  const readLines = ({ bytes, from, to, state }: Block): void => {
    let [bad, orphans, kinds] = [0, 0, 0];
    const first = number + 1;
    for (let start = from; start < to && !foreign; ) {
      const newline = bytes.indexOf(NEWLINE, start);
      number += 1;
      const said = newline === start ? undefined : reader.line(bytes, start, newline, content);
      if (said?.kind === 'bad') bad += 1;
      else if (said?.kind === 'orphan') orphans += 1;
      else if (said?.kind === 'later') kinds += 1;
      else if (said !== undefined) other(said);
      start = newline + 1;
    }
    if (kinds > 0) passedOver({ lines: kinds, what: 'kinds' }, first);
    // Its check sum says that it is as it was written.
    if (bad > 0 && state === 'whole') passedOver({ lines: bad, what: 'words' }, first);
    else if (bad > 0) damaged(`${some(bad, first, number, 'is', 'are')} not of this format`, first);
    if (orphans > 0 && newer && !hurt) passedOver({ lines: orphans, what: 'words' }, first);
    else if (orphans > 0) damaged(`${some(orphans, first, number, 'names', 'name')} lines that are lost`, first);
  };

  const other = (said: Exclude<Said, { kind: 'bad' | 'orphan' | 'later' }>): void => {
    if (said.kind === 'clock') {
      offset = said.offset;
      return;
    }
    if (said.kind === 'header') close();
    items.push(said);
    foreign = said.kind === 'foreign';
    if (said.kind !== 'header') return;
    at = fromDigits(said.header.at);
    offset = fromDigits(said.header.offset);
    lastFrame = undefined;
    [hurt, newer] = [false, false];
  };

  const mark = ({ state, mark }: Block): void => {
    const value = state === 'damaged' ? undefined : parsed(mark);
    if (isFrame(value)) {
      at = fromDigits(value.at);
      if (lastFrame !== undefined && value.frame !== lastFrame + 1)
        damaged(`frames ${lastFrame + 1} to ${value.frame - 1} are missing before line ${number}`, number);
      lastFrame = value.frame;
      finish(value.base === true);
    } else {
      // Not to be believed, but it ends the frame.
      if (state !== 'damaged') damaged(`line ${number} is not of this format`, number);
      lastFrame = undefined;
      finish(false);
    }
  };

  const finish = (base: boolean): void => {
    if (foreign) return;
    // What comes after a base is news, and nothing of the base is.
    if (base) reader.end?.(content);
    reader.finish?.(content);
    items.push({ kind: 'frame', frame: { content, at, offset, base } });
    content = [];
  };

  /** What stands after the last mark: whole lines are read, though nothing vouches for them. */
  const tail = (): void => {
    const torn = blocks.end();
    blocks = openBlocks();
    if (torn !== undefined) {
      readLines(torn);
      if (torn.mark !== '') number += 1;
      damaged(`it ends in the middle of ${torn.mark === '' ? 'a frame, after line' : 'line'} ${number}`, number, true);
    }
    close();
  };

  /** What follows is from another run, or nothing. */
  const close = (): void => {
    reader.end?.(content);
    reader.finish?.(content);
    if (content.length > 0) finish(false);
  };

  const taken = (): readonly TraceItem<T>[] => {
    const done = items;
    items = [];
    return done;
  };

  return {
    push: (piece) => {
      for (const one of blocks.push(piece)) if (!foreign) block(one);
      return taken();
    },
    end: () => {
      if (!foreign) tail();
      return taken();
    },
    broken: (text, torn) => {
      if (foreign) return [];
      tail();
      damaged(text, number + 1, torn);
      lastFrame = undefined;
      return taken();
    },
  };
};

const NEWLINE = 0x0a;
const FRAME = '{"record":"frame"';

/** "line 3 is", "one of the lines 3 to 5 is", "2 of the lines 3 to 5 are". */
const some = (count: number, first: number, last: number, one: string, several: string): string => {
  if (first === last) return `line ${first} ${one}`;
  return `${count === 1 ? 'one' : count} of the lines ${first} to ${last} ${count === 1 ? one : several}`;
};

const countLines = ({ bytes, from, to }: Block): number => {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE, from); at !== -1 && at < to; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
};

const frameCheck = TypeCompiler.Compile(FrameRecord);
const isFrame = (value: unknown): value is Static<typeof FrameRecord> => frameCheck.Check(value);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
