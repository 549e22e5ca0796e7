import { isatty } from 'node:tty';
import type { Observable } from 'rxjs';
import { EXIT, type Failure, type Outcome, success } from '../model/failure.js';
import type { WatchState } from '../model/state.js';
import { complain } from '../report/complain.js';
import { lineFace } from '../report/lines.js';
import type { Header } from '../trace/format.js';
import { openFrames } from '../trace/frame-reader.js';
import { lineOutput } from '../trace/line-output.js';
import { parseMoment } from '../trace/moment.js';
import { fromDigits } from '../trace/number-text.js';
import { type Player, play } from '../trace/player.js';
import { gatherProblems, noRecording } from '../trace/problems.js';
import { openRecording, type Recording } from '../trace/replay.js';
import { openReplay } from '../trace/replay-frames.js';

export interface ReplayOptions {
  /** Given: lines, as `watch` prints them; else the screen, on a terminal. */
  readonly output?: 'table' | 'wide' | 'json' | 'ndjson' | undefined;
  /** Show these processes only. */
  readonly pid?: readonly number[] | undefined;
  /** Show processes of this name only: printed form, exact. */
  readonly comm?: string | undefined;
  /** Lines from and up to this time (see moment.ts). The screen begins at `from`. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  /** Of the screen; 1: as fast as it happened. Lines come at once. */
  readonly speed?: number | undefined;
}

/** What the screen can ask for; given to the terminal face by main, because src/ knows no ui/. */
export interface ReplayScreenControls {
  rescan(): void;
  readonly replay: Pick<Player, 'pause' | 'step' | 'seek' | 'speed' | 'nextFinding'>;
}
export type ReplayScreen = (states: Observable<WatchState>, controls: ReplayScreenControls) => Promise<number>;

/** `vdsowatch replay FILE`: a recording on the same screen, or as the same lines, as when it happened. */
export const run = async (path: string, options: ReplayOptions, screen?: ReplayScreen): Promise<number> => {
  const opened = await openRecording(path);
  if (!opened.ok) return refuse(opened.failure);
  if (screen !== undefined && options.output === undefined && path !== '-' && isTerminal())
    return await onScreen(opened.value, options, screen);
  return await asLines(opened.value, options);
};

const onScreen = async (recording: Recording, options: ReplayOptions, screen: ReplayScreen): Promise<number> => {
  const first = await openFrames(recording);
  await first.close();
  const begin = first.header();
  if (first.ahead() === undefined || begin === undefined)
    return refuse(first.problems().at(-1) ?? noRecording(recording.path));
  const from = momentOf(options.from, begin);
  if (!from.ok) return refuse(from.failure, EXIT.usage);
  const player = play(recording, options.speed);
  if (from.value !== undefined) player.seek(from.value);
  const status = await screen(player.states, { rescan: () => {}, replay: player });
  player.stop();
  await player.stopped;
  return status;
};

const asLines = async (recording: Recording, { output, pid, comm, from, until }: ReplayOptions): Promise<number> => {
  const face = lineFace({ machine: output === 'json' || output === 'ndjson', pid, comm });
  const out = lineOutput(process.stdout);
  const problems = gatherProblems();
  const replay = openReplay();
  let span: { readonly from: bigint | undefined; readonly until: bigint | undefined } | undefined;
  const items = recording.items();
  let failure: Failure | undefined;
  reading: for (;;) {
    const next = await items.next();
    if (next.done === true) {
      failure = next.value;
      break;
    }
    for (const item of next.value) {
      if (item.kind === 'damage') problems.damage(item.damage);
      if (item.kind === 'header' && span === undefined) {
        const [first, last] = [momentOf(from, item.header), momentOf(until, item.header)];
        if (!first.ok) return refuse(first.failure, EXIT.usage);
        if (!last.ok) return refuse(last.failure, EXIT.usage);
        span = { from: first.value, until: last.value };
      }
      const replayed = replay(item);
      if (replayed === undefined || replayed.frame.lines.length === 0) continue;
      if (span?.until !== undefined && replayed.at > span.until) break reading;
      if (span?.from === undefined || replayed.at >= span.from)
        out.add(face.lines(replayed.frame.lines, replayed.offset));
    }
    if (await out.isClosed()) break;
  }
  await items.return(undefined);
  const status = await out.end();
  for (const problem of problems.list()) complain(problem);
  if (failure !== undefined) return refuse(failure);
  return status;
};

const momentOf = (text: string | undefined, { at, offset }: Header): Outcome<bigint | undefined> =>
  text === undefined ? success(undefined) : parseMoment(text, fromDigits(at), fromDigits(offset));

const isTerminal = (): boolean =>
  isatty(0) && isatty(1) && process.env['TERM'] !== undefined && process.env['TERM'] !== 'dumb';

const refuse = (reason: Failure, status: number = EXIT.cannotRun): number => {
  complain(reason);
  return status;
};
