import { setImmediate } from 'node:timers/promises';
import { type Observable, ReplaySubject } from 'rxjs';
import type { WatchState } from '../model/state.js';
import { LONGEST_TIMER } from '../proc/clock.js';
import { escapeText } from '../text/escape.js';
import { isoTime } from '../text/time-of-day.js';
import { type FrameReader, openFrames } from './frame-reader.js';
import type { TraceFrame } from './items.js';
import type { Recording } from './replay.js';
import { alarmOf, type FoundFinding, isAlarm, type Replayed } from './replay-frames.js';

/** Plays a recording for a screen. Steps are frames in which something happened. */
export interface Player {
  readonly states: Observable<WatchState>;
  readonly pause: (paused: boolean) => void;
  /** Negative: back. Pauses. */
  readonly step: (steps: number) => void;
  /** To a time of the boot clock, ns: of the first run, or, where a machine was started again, of the one shown. */
  readonly seek: (at: bigint, by?: 'shown') => void;
  /** 1: as fast as it happened. */
  readonly speed: (factor: number) => void;
  /** To the next frame with a finding that is more than information. Pauses. Undefined: there is none to the end. */
  readonly nextFinding: () => Promise<FoundFinding | undefined>;
  readonly stop: () => void;
  /** Settles when it has been stopped. */
  readonly stopped: Promise<void>;
}

/** A place to go to: from the beginning again, or on; it is reached when `here` says so. */
interface Wish {
  readonly back: boolean;
  /** `ahead`: when the next frame was, by the clock of the first run; undefined: this is the end. */
  readonly here: (shown: Replayed, ahead: bigint | undefined) => boolean;
  /** Once it is on the screen; undefined: the end came first. Not called when another place is wanted meanwhile. */
  readonly reached?: (shown: Replayed | undefined) => void;
}

/**
 * A reducer knows no way back, so going back is going on from the beginning, at full speed. Now and then on such a
 * way the event loop runs, so that keys are heard. `until`: by itself it goes no further than that time, by the clock of
 * the first run; keys do.
 */
export const play = (recording: Recording, speed = 1, until?: bigint): Player => {
  const states = new ReplaySubject<WatchState>(1);
  let wish: Wish | undefined;
  let paused = false;
  let stopped = false;
  let factor = speed;
  let wake: () => void = () => {};
  let shown: Replayed | undefined;
  /** Added to its time, that by the clock of the first run. */
  let shift = 0n;
  /** Frames with lines so far. */
  let steps = 0;
  /** When the frame that is on the screen came there: its time, and ours in ms. */
  let anchor: { readonly at: bigint; readonly ms: number } | undefined;

  const isBeyond = (time: bigint | undefined): boolean => until !== undefined && time !== undefined && time > until;

  const show = (reader: FrameReader): void => {
    if (shown === undefined) return;
    const { frame, at, offset } = shown;
    const ahead = reader.timeAhead();
    const end = ahead === undefined ? ', the end' : isBeyond(ahead) ? ', up to here' : '';
    const text = `${isoTime(at, offset).replace('T', ' ').slice(0, 23)}${end}  ${escapeText(recording.path)}`;
    const notes = [...frame.state.tracer.notes, ...reader.problems().map((problem) => problem.text)];
    states.next({ ...frame.state, tracer: { mode: 'replay', text, notes } });
  };

  const advance = async (reader: FrameReader): Promise<void> => {
    const next = reader.shift();
    const replayed = await reader.advance();
    if (replayed === undefined) return;
    shown = replayed;
    shift = next;
    if (replayed.frame.lines.length > 0) steps += 1;
  };

  /** The value: whether it is there. */
  const travel = async (reader: FrameReader, { here }: Wish): Promise<boolean> => {
    let rested = performance.now();
    while (reader.ahead() !== undefined && wish === undefined && !stopped) {
      await advance(reader);
      if (shown !== undefined && here(shown, reader.timeAhead())) return true;
      if (performance.now() - rested < SLICE) continue;
      await setImmediate();
      rested = performance.now();
    }
    return false;
  };

  /** How long the next frame is still to be waited for, ms. */
  const due = (reader: FrameReader, { at }: TraceFrame): number => {
    if (shown === undefined || reader.isNewRun()) return 0;
    const now = performance.now();
    anchor ??= { at: shown.at, ms: now };
    return Number(at - anchor.at) / 1e6 / factor - (now - anchor.ms);
  };

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, Math.min(ms, LONGEST_TIMER)) : undefined;
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    let reader = await openFrames(recording);
    while (!stopped) {
      const ahead = reader.ahead();
      if (wish !== undefined) {
        const wanted: Wish = wish;
        wish = undefined;
        if (wanted.back) {
          await reader.close();
          reader = await openFrames(recording);
          steps = 0;
        }
        const there = await travel(reader, wanted);
        anchor = undefined;
        show(reader);
        if (wish === undefined && !stopped) wanted.reached?.(there ? shown : undefined);
      } else if (paused || ahead === undefined || isBeyond(reader.timeAhead())) await rest(Number.POSITIVE_INFINITY);
      else {
        const wait = due(reader, ahead);
        if (wait > 0) await rest(wait);
        else {
          if (reader.isNewRun()) anchor = undefined;
          await advance(reader);
          show(reader);
          // A recording played fast is no reason to be deaf.
          await setImmediate();
        }
      }
    }
    await reader.close();
    states.complete();
  };

  const ask = (next: Wish | undefined): void => {
    wish = next ?? wish;
    anchor = undefined;
    wake();
  };

  return {
    states,
    stopped: run(),
    pause: (wanted) => {
      paused = wanted;
      ask(undefined);
    },
    speed: (wanted) => {
      factor = wanted;
      ask(undefined);
    },
    step: (count) => {
      paused = true;
      const target = steps + count;
      ask({ back: count < 0, here: () => steps >= target });
    },
    seek: (at, by) => {
      const time = by === 'shown' ? at + shift : at;
      const back = shown !== undefined && time < shown.at + shift;
      ask({ back, here: (_, ahead) => ahead === undefined || ahead > time });
    },
    nextFinding: () => {
      paused = true;
      return new Promise((resolve) => {
        const reached = (there: Replayed | undefined): void => resolve(there && alarmOf(there.frame));
        ask({ back: false, here: ({ frame }) => frame.lines.some(isAlarm), reached });
      });
    },
    stop: () => {
      stopped = true;
      wake();
    },
  };
};

/** How long travelling may hold the event loop, ms. */
const SLICE = 10;
