import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { filter, firstValueFrom, map, mergeWith, type Observable, Subject } from 'rxjs';
import { planAhead } from '../bpftrace/plan.js';
import { hintOf, testAllAbis } from '../hint/examine.js';
import type { TracerStatus } from '../model/event.js';
import { EXIT, failure } from '../model/failure.js';
import type { Observation } from '../pipeline/observation.js';
import { observations } from '../pipeline/observe.js';
import { liveSources } from '../pipeline/source.js';
import { type BootClock, LONGEST_TIMER, localBootClock, wallOffset } from '../proc/clock.js';
import { procFiles } from '../proc/files.js';
import { readLocalHost } from '../proc/host.js';
import { noProcess } from '../proc/no-process.js';
import { cgroupsOf } from '../proc/place.js';
import { readProcess } from '../proc/process.js';
import { descendants } from '../proc/tree.js';
import { isGone } from '../proc/unread.js';
import { refuse, say } from '../report/complain.js';
import { lineFace } from '../report/lines.js';
import { standardOutput } from '../report/output.js';
import { lineSink } from '../report/sink.js';
import { escapeText } from '../text/escape.js';
import { runCommand } from '../trace/command.js';
import { headerOf } from '../trace/header.js';
import { gapUntil, heardIn, newestSeen, type RecordedFrame, recorded } from '../trace/recorded.js';
import { openRecorder, type Tally } from '../trace/recorder.js';
import { FLUSH, register } from '../trace/registry.js';
import { type Selection, select } from '../trace/selection.js';
import { limits } from './limits.js';
import { listenForSignals } from './stopping.js';

export interface RecordOptions {
  /** Where to; compressed when it ends in ".gz". */
  readonly output: string;
  /** Record these processes only; with `tree` their descendants too. */
  readonly pid?: readonly number[] | undefined;
  /** With a command and without `pid`: record what the command starts, only. */
  readonly tree: boolean;
  readonly comm?: string | undefined;
  readonly cgroup?: string | undefined;
  /** Seconds. */
  readonly duration?: number | undefined;
  /** Bytes: begin another file when this one is so large; the former becomes FILE.1. */
  readonly rotate?: number | undefined;
  /** Files kept, the one being written included. */
  readonly keep?: number | undefined;
  readonly bpf: boolean;
  /** Also print what `watch -o ndjson` would. */
  readonly ndjson?: boolean | undefined;
  /** Records while this runs, and ends with its status. */
  readonly command?: readonly string[] | undefined;
}

/** `vdsowatch record -o FILE [-- COMMAND...]`: to a file until stopped, or until the command ends. */
export const run = async (options: RecordOptions): Promise<number> => {
  const { command, output } = options;
  const refused = refusal(options);
  if (refused !== undefined) return refused;
  const signals = listenForSignals();
  const clock = localBootClock();
  const { sources, header } = await machineFor(options, clock);
  const opened = await openRecorder({ path: output, rotate: options.rotate, keep: options.keep, header });
  if (!opened.ok) return refuse(opened.failure);
  const recorder = opened.value;
  const unregister = register(output);
  process.on(FLUSH, () => void recorder.flush());
  let isWhole = true;
  void recorder.failed.then(() => {
    isWhole = false;
  });
  const selection = await selectionOf(options);
  const seen = new Subject<RecordedFrame>();
  const ends: Promise<number>[] = [signals.signalled, recorder.failed.then((reason) => refuse(reason))];
  if (options.duration !== undefined)
    ends.push(sleep(Math.min(options.duration * 1000, LONGEST_TIMER), EXIT.well, { ref: false }));
  if (options.ndjson === true) ends.push(printLines(seen, clock));
  /** `heard`: all that happened until then has come, boot clock, ns. */
  const tracer: { mode: TracerStatus['mode']; heard: bigint } = { mode: 'starting', heard: clock.now() };
  seen.subscribe(({ given, frame }) => {
    tracer.mode = frame.state.tracer.mode;
    tracer.heard = heardIn(given) ?? tracer.heard;
  });
  const missing = new Subject<readonly Observation[]>();
  const traced = firstValueFrom(seen.pipe(filter(({ frame }) => frame.state.tracer.mode !== 'starting')));
  const running = observations(sources)
    .pipe(
      map(selection.filter),
      filter((frame) => frame.length > 0),
      mergeWith(missing),
      recorded(recorder, () => wallOffset(clock), sources),
    )
    .subscribe(seen);
  const end = Promise.race(ends);
  const first = await Promise.race([traced, end]);
  if (typeof first !== 'number') say(`recording to ${escapeText(output)}; ${first.frame.state.tracer.text}`);
  const status = command === undefined || typeof first === 'number' ? await end : await during(command, selection, end);
  const isWritten = tracer.mode === 'ebpf' && (await Promise.race([end, STILL])) !== EXIT.cannotRun;
  if (isWritten && !(await newestSeen(seen, clock.now(), recorder.failed))) {
    missing.next([gapUntil(clock.now(), tracer.heard)]);
    say(`${escapeText(output)}: the newest events had not come from the kernel yet, and are missing`);
  }
  running.unsubscribe();
  await recorder.close();
  unregister();
  if (options.bpf && tracer.mode === 'starting')
    say(`${escapeText(output)}: it ended before the probes were attached, so what happened meanwhile is not in it`);
  say(`${escapeText(output)}: ${tallyText(recorder.tally(), isWhole)}`);
  return status;
};

/** What is to be seen of this machine, and the header that says how. */
const machineFor = async (options: RecordOptions, clock: BootClock) => {
  const planning = options.bpf ? planAhead(undefined, { starting: false }) : undefined;
  const local = readLocalHost(procFiles(), hintOf(await testAllAbis()));
  const sources = liveSources({ planning, notes: limits(local, false) });
  const plan = await planning?.plan;
  const facts = {
    session: randomUUID(),
    host: sources.host,
    evidenceHost: local.host,
    plan: plan?.ok === true ? plan.value : undefined,
    only: onlyWords(options),
    command: options.command,
  };
  return { sources, header: (part: number) => headerOf(facts, part, clock.now(), wallOffset(clock)) };
};

/** Wins against what has not ended yet. */
const STILL = Promise.resolve(undefined);

/** The exit status when it cannot begin, told why. */
const refusal = ({ pid, tree, command, duration, keep, rotate }: RecordOptions): number | undefined => {
  const absent = pid?.find((one) => isGone(readProcess(one, 'census')));
  if (absent !== undefined) return refuse(noProcess(absent));
  if (tree && pid === undefined && command === undefined)
    return refuse(failure('usage', '--tree says nothing alone.', 'Give --pid, or a command after --.'), EXIT.usage);
  if (keep !== undefined && rotate === undefined)
    return refuse(failure('usage', '--keep says nothing alone.', 'Give --rotate, too.'), EXIT.usage);
  if (duration !== undefined && command !== undefined)
    return refuse(
      failure('usage', 'A command ends the recording, or --duration does.', 'Give one of them.'),
      EXIT.usage,
    );
  return undefined;
};

/** Runs the command. The status is its own. */
const during = async (command: readonly string[], selection: Selection, end: Promise<number>): Promise<number> => {
  const child = runCommand(command);
  if (child.pid !== undefined) selection.add(child.pid);
  const first = await Promise.race([child.ended.then(() => undefined), end]);
  // Stopped, or the disk is full: the command is not ours to kill.
  if (first !== undefined && first > 128) child.signal(first - 128);
  const status = await child.ended;
  return status === EXIT.well && first !== undefined && first < 128 ? first : status;
};

/** What `watch -o ndjson` prints, to standard output; resolves when nobody reads it any more. */
const printLines = (seen: Observable<RecordedFrame>, clock: BootClock): Promise<number> => {
  const face = lineFace({ machine: true });
  const sink = lineSink(standardOutput(), (count) => face.leftOut(count, clock.now(), wallOffset(clock)));
  seen.subscribe(({ frame, offset }) => sink.write(face.lines(frame.lines, offset)));
  return sink.closed.then(({ status, failure: reason }) => (reason === undefined ? status : refuse(reason)));
};

const selectionOf = async ({ pid, tree, comm, cgroup, command }: RecordOptions): Promise<Selection> => {
  const roots = pid ?? (tree && command !== undefined ? [] : undefined);
  const pids = roots !== undefined && tree ? await descendants(roots) : roots;
  return select({ pids, tree, comm, cgroup }, { cgroupsOf });
};

const onlyWords = ({ pid, tree, comm, cgroup }: RecordOptions): readonly string[] => [
  ...(pid ?? []).map((one) => `--pid ${one}`),
  ...(tree ? ['--tree'] : []),
  ...(comm === undefined ? [] : [`--comm ${comm}`]),
  ...(cgroup === undefined ? [] : [`--cgroup ${cgroup}`]),
];

/** What could not be written any more was seen all the same. */
const tallyText = ({ events, snapshots, findings, bytes, files, skipped }: Tally, isWhole: boolean): string =>
  [
    `${events} events, ${snapshots} readings and ${findings} findings ${isWhole ? 'recorded' : 'seen, the first of them recorded'}`,
    files > 1 ? `in ${files} files` : `in ${bytes} bytes`,
    ...(skipped > 0 ? [`; ${skipped} frames are missing, because the disk was too slow`] : []),
  ].join(' ');
