import type { Failure } from '../model/failure.js';
import { openDecoder } from './decoder.js';
import type { Header } from './format.js';
import type { TraceFrame, TraceItem } from './items.js';
import { shiftOf } from './moment.js';
import { gatherProblems } from './problems.js';
import type { Recording } from './replay.js';
import { openReplay, type Replayed } from './replay-frames.js';

/** Reads a recording frame by frame, one ahead: when the next one happened is known before it is replayed. */
export interface FrameReader {
  /** The frame that comes next; undefined: the end. */
  readonly ahead: () => TraceFrame | undefined;
  /** It is from another run than the one before: their times are not to be compared. */
  readonly isNewRun: () => boolean;
  /** What added to its time gives that by the boot clock of the first run (moment.ts). */
  readonly shift: () => bigint;
  /** Its time by that clock. */
  readonly timeAhead: () => bigint | undefined;
  /** Replays the next frame. Undefined: it says only what is known already. */
  readonly advance: () => Promise<Replayed | undefined>;
  /** The newest header so far. */
  readonly header: () => Header | undefined;
  readonly problems: () => readonly Failure[];
  readonly close: () => Promise<void>;
}

/** Reads up to the first frame, so that the header is known. */
export const openFrames = async (recording: Recording): Promise<FrameReader> => {
  const problems = gatherProblems();
  const batches = recording.items(openDecoder());
  const replay = openReplay();
  let items: readonly TraceItem[] = [];
  let index = 0;
  let ahead: TraceFrame | undefined;
  let newRun = false;
  let begin: Header | undefined;
  let header: Header | undefined;
  let failure: Failure | undefined;

  const shift = (): bigint => (begin === undefined || header === undefined ? 0n : shiftOf(begin, header));

  /** Goes on to the next frame; what stands before it is taken in. */
  const look = async (): Promise<void> => {
    ahead = undefined;
    for (;;) {
      for (; index < items.length; index += 1) {
        const item = items[index];
        if (item?.kind === 'frame') {
          ahead = item.frame;
          return;
        }
        if (item === undefined) continue;
        replay(item);
        if (item.kind === 'damage') problems.damage(item.damage);
        if (item.kind === 'header') {
          header = item.header;
          begin ??= header;
          newRun = true;
        }
      }
      const next = await batches.next();
      if (next.done === true) {
        failure = next.value;
        return;
      }
      items = next.value;
      index = 0;
    }
  };

  await look();
  return {
    ahead: () => ahead,
    isNewRun: () => newRun,
    shift,
    timeAhead: () => ahead && ahead.at + shift(),
    header: () => header,
    advance: async () => {
      const item = items[index];
      const replayed = item === undefined ? undefined : replay(item);
      index += 1;
      newRun = false;
      await look();
      return replayed;
    },
    problems: () => [...problems.list(), ...(failure === undefined ? [] : [failure])],
    close: async () => {
      await batches.return(undefined);
    },
  };
};
