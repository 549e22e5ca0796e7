import type { Observable } from 'rxjs';
import { EXIT, type Failure, failure, type Outcome, success } from '../model/failure.js';
import type { WatchState } from '../model/state.js';
import { chosenState } from '../report/chosen.js';
import { complain, refuse, say } from '../report/complain.js';
import { lineFace } from '../report/lines.js';
import { isForMachines, isTerminal, type OutputFormat, standardOutput } from '../report/output.js';
import { openDecoder } from '../trace/decoder.js';
import type { Header } from '../trace/format.js';
import { openFrames } from '../trace/frame-reader.js';
import type { TraceItem } from '../trace/items.js';
import { lineOutput } from '../trace/line-output.js';
import { parseMoment, shiftOf } from '../trace/moment.js';
import { fromDigits } from '../trace/number-text.js';
import { type Player, play } from '../trace/player.js';
import { gatherProblems, noRecording } from '../trace/problems.js';
import { openRecording, type Recording } from '../trace/replay.js';
import { openReplay } from '../trace/replay-frames.js';
import { openSaidReader } from '../trace/said-lines.js';

export interface ReplayOptions {
  /** Given: lines, as `watch` prints them; else the screen, on a terminal. */
  readonly output?: OutputFormat | undefined;
  /** Show these processes only. */
  readonly pid?: readonly number[] | undefined;
  /** Show processes of this name only: printed form, exact. */
  readonly comm?: string | undefined;
  /** Lines from and up to this time (see trace/moment.ts). The screen begins at `from`. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  /** Lines as this version says them of the same events and readings, not as they were said. */
  readonly again?: boolean | undefined;
  /** Of the screen; 1: as fast as it happened. Lines come at once. */
  readonly speed?: number | undefined;
}

/** What the screen can ask for; given to the terminal face by main, because src/ knows no ui/. */
export interface ReplayScreenControls {
  rescan(): void;
  /** What of a state was asked for (-p, --comm). */
  chosen(state: WatchState): WatchState;
  readonly speed: number | undefined;
  readonly replay: Pick<Player, 'pause' | 'step' | 'seek' | 'speed' | 'nextFinding'> & {
    /** A time as it is written (see trace/moment.ts), to the boot clock of the first run. */
    moment(text: string): Outcome<bigint>;
  };
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
  const until = momentOf(options.until, begin);
  if (!until.ok) return refuse(until.failure, EXIT.usage);
  if (isTurned({ from: from.value, until: until.value })) return refuse(TURNED, EXIT.usage);
  const player = play(recording, options.speed, until.value);
  if (from.value !== undefined) player.seek(from.value);
  const { speed } = options;
  const { offset, at } = begin;
  const replay = { ...player, moment: (text: string) => parseMoment(text, fromDigits(at), fromDigits(offset)) };
  const controls = { rescan: () => {}, chosen: chosenState(options), speed, replay };
  const status = await screen(player.states, controls);
  player.stop();
  await player.stopped;
  return status;
};

/** As they were said; or, again, as this version says it. */
const asLines = async (recording: Recording, options: ReplayOptions): Promise<number> => {
  const { output, pid, comm } = options;
  const machine = isForMachines(output);
  const choice = { machine, pid, comm };
  if (options.again !== true) {
    const batches = recording.items(openSaidReader(choice));
    return await printFrames(batches, options, (item) => (item.kind === 'frame' ? item.frame : undefined));
  }
  const face = lineFace(choice);
  const replay = openReplay();
  return await printFrames(recording.items(openDecoder()), options, (item) => {
    const replayed = replay(item);
    const lines = replayed === undefined ? [] : face.lines(replayed.frame.lines, replayed.offset);
    return replayed && { at: replayed.at, content: lines.map((line) => `${line}\n`) };
  });
};

const printFrames = async <T>(
  batches: AsyncGenerator<readonly TraceItem<T>[], Failure | undefined, undefined>,
  { from, until }: ReplayOptions,
  linesOf: (item: TraceItem<T>) => Printed | undefined,
): Promise<number> => {
  const out = lineOutput(standardOutput());
  const problems = gatherProblems();
  let span: Span | undefined;
  let begin: Header | undefined;
  /** What added to the boot clock of this run gives that of the first one, ns. */
  let shift = 0n;
  let broken: Failure | undefined;
  let latest: bigint | undefined;
  reading: for (;;) {
    const next = await batches.next();
    if (next.done === true) {
      broken = next.value;
      break;
    }
    for (const item of next.value) {
      if (item.kind === 'damage') problems.damage(item.damage);
      if (item.kind === 'header' && begin !== undefined) shift = shiftOf(begin, item.header);
      if (item.kind === 'header' && begin === undefined) {
        begin = item.header;
        const found = spanOf(begin, from, until);
        if (!found.ok) return refuse(found.failure, EXIT.usage);
        span = found.value;
        if (isTurned(span)) return refuse(TURNED, EXIT.usage);
      }
      const printed = linesOf(item);
      if (printed === undefined) continue;
      latest = printed.at + shift;
      if (span?.until !== undefined && latest > span.until) break reading;
      if (span?.from === undefined || latest >= span.from) out.add(printed.content);
    }
    if (await out.isClosed()) break;
  }
  await batches.return(undefined);
  const status = await out.end();
  if (span?.from !== undefined && latest !== undefined && latest < span.from)
    say(`The recording has nothing from that time on: it ends ${secondsText(span.from - latest)} s before.`);
  // Of a file that holds no recording at all, that is all there is to say.
  if (span !== undefined || broken === undefined) for (const problem of problems.list()) complain(problem);
  if (broken !== undefined) return refuse(broken);
  return status === EXIT.well && problems.isPartial() ? EXIT.cannotRun : status;
};

interface Printed {
  readonly at: bigint;
  readonly content: readonly (string | Uint8Array)[];
}

interface Span {
  readonly from: bigint | undefined;
  readonly until: bigint | undefined;
}

const isTurned = ({ from, until }: Span): boolean => from !== undefined && until !== undefined && from > until;

const TURNED = failure('usage', '--from is later than --until.', 'Give the earlier time as --from.');

const secondsText = (ns: bigint): string => (Number(ns / 1_000_000n) / 1000).toString();

const spanOf = (header: Header, from: string | undefined, until: string | undefined): Outcome<Span> => {
  const first = momentOf(from, header);
  if (!first.ok) return first;
  const last = momentOf(until, header);
  return last.ok ? success({ from: first.value, until: last.value }) : last;
};

const momentOf = (text: string | undefined, { at, offset }: Header): Outcome<bigint | undefined> =>
  text === undefined ? success(undefined) : parseMoment(text, fromDigits(at), fromDigits(offset));
