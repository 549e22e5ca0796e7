import { map, type Observable, Subject, type Subscription, share, tap } from 'rxjs';
import type { Planning } from '../bpftrace/plan.js';
import { foretell } from '../census/foretell.js';
import { installedCriu } from '../criu/installed.js';
import { baselines, type PageSet } from '../judge/baseline.js';
import { versionText } from '../judge/criu/version.js';
import type { Host } from '../model/evidence.js';
import { EXIT, failed, failure, type Outcome } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import type { ProcessState, WatchState } from '../model/state.js';
import { type Forecast, NEWEST_CRIU } from '../model/verdict.js';
import { keepHeapSmall } from '../pipeline/heap.js';
import type { Frame } from '../pipeline/ledger.js';
import { observe } from '../pipeline/observe.js';
import { liveSources } from '../pipeline/source.js';
import { LONGEST_TIMER, localBootClock, wallOffset } from '../proc/clock.js';
import { procFiles } from '../proc/files.js';
import { readLocalHost } from '../proc/host.js';
import { noProcess } from '../proc/no-process.js';
import { cgroupsOf, placeOf } from '../proc/place.js';
import { readProcess } from '../proc/process.js';
import { isGone } from '../proc/unread.js';
import { chosenState } from '../report/chosen.js';
import { refuse } from '../report/complain.js';
import { lineFace } from '../report/lines.js';
import { isForMachines, isTerminal, type OutputFormat, standardOutput } from '../report/output.js';
import { lineSink } from '../report/sink.js';
import { select } from '../trace/selection.js';
import { limits } from './limits.js';
import { listenForSignals } from './stopping.js';

export interface WatchOptions {
  /** Given: lines, whatever standard output is. json and ndjson are the same here: one document a line. */
  readonly output?: OutputFormat | undefined;
  /** Show these processes only. */
  readonly pid?: readonly number[] | undefined;
  /** Show processes of this name only: printed form, exact. */
  readonly comm?: string | undefined;
  /** Know only those of this control group and below it: "/kubepods". Who is in it may change at any time. */
  readonly cgroup?: string | undefined;
  /** Probes to be, stopped by who began it; undefined: poll /proc. */
  readonly planning?: Planning | undefined;
  /** Seconds; then it ends as if well. */
  readonly duration?: number | undefined;
}

/**
 * A terminal face: shows the states until its user quits and returns the exit status. Given by main, because src/
 * knows no ui/.
 */
export type Screen = (states: Observable<WatchState>, controls: Controls) => Promise<number>;

/** What the user can ask for on the screen. */
export interface Controls {
  /** Read every process again, now. */
  rescan(): void;
  /** Processes grouped by the vDSO pages they map. */
  pageSets(state: WatchState): readonly PageSet[];
  /** Which container or service a process is in. */
  place(pid: number): string | undefined;
  /** What a dump would make of a process, as `check` says it: a full reading, asked for of those that are looked at. */
  foretell(process: ProcessState): Forecast | undefined;
  /** What of a state was asked for (-p, --comm). */
  chosen(state: WatchState): WatchState;
  /** Saves what is seen as a recording; what to tell the user. */
  save(path: string): Promise<Outcome<string>>;
  /** Settles when the run is over without the user: the screen has to give the terminal back then. */
  readonly over: Promise<number>;
}

/** `vdsowatch watch`: the screen on a terminal, lines everywhere else. Returns the exit status. */
export const run = async (options: WatchOptions, screen?: Screen): Promise<number> => {
  const missing = options.pid?.find((pid) => isGone(readProcess(pid, 'census')));
  if (missing !== undefined) return refuse(noProcess(missing));
  keepHeapSmall('left running');
  const local = readLocalHost();
  const notes = limits(local, false);
  const asked = new Subject<void>();
  const sources = liveSources({ planning: options.planning, notes, asked });
  const selection = select({ cgroup: options.cgroup, tree: false }, { cgroupsOf });
  const frames = observe(sources, selection.filter).pipe(share());
  const signals = listenForSignals();
  const ends: Promise<number>[] = [signals.signalled];
  let timer: NodeJS.Timeout | undefined;
  if (options.duration !== undefined) {
    const { duration } = options;
    ends.push(
      new Promise((resolve) => {
        timer = setTimeout(() => resolve(EXIT.well), Math.min(duration * 1000, LONGEST_TIMER));
      }),
    );
  }
  // A closed standard error is no reason to stop, and no reason to crash.
  process.stderr.on('error', () => {});
  let running: Subscription | undefined;
  if (screen !== undefined && options.output === undefined && isTerminal()) {
    const { states, save } = savable(frames, local.host);
    const chosen = chosenState(options);
    const files = procFiles();
    const place = (pid: number): string | undefined => placeOf(pid, files);
    // Until it is known which CRIU is asked about, nothing is told.
    let criu: string | undefined;
    void installedCriu().then((installed) => {
      criu = installed.ok ? versionText(installed.value) : NEWEST_CRIU;
    });
    const controls = {
      rescan: () => asked.next(),
      pageSets,
      place,
      foretell: ({ pid }: ProcessState) => (criu === undefined ? undefined : foretell(pid, criu)),
      chosen,
      save,
      over: Promise.race(ends),
    };
    ends.push(screen(states, controls));
  } else {
    const face = lineFace({ ...options, machine: isForMachines(options.output) });
    const sink = lineSink(standardOutput(), (count) => face.leftOut(count, localBootClock().now(), wallOffset()));
    running = frames.subscribe(({ lines }) => sink.write(face.lines(lines, wallOffset())));
    ends.push(sink.closed.then((closed) => (closed.failure === undefined ? closed.status : refuse(closed.failure))));
  }
  const status = await Promise.race(ends);
  // Stops bpftrace; Node goes on until it has ended, which takes its time (detaching: up to some seconds).
  running?.unsubscribe();
  clearTimeout(timer);
  return status;
};

/** The states, and what saves the newest of them that was shown. */
const savable = (frames: Observable<Frame>, host: Host): { states: Observable<WatchState>; save: Controls['save'] } => {
  let shown: WatchState | undefined;
  const states = frames.pipe(
    map(({ state }) => state),
    tap((state) => {
      shown = state;
    }),
  );
  const save: Controls['save'] = async (path) =>
    shown === undefined
      ? failed(failure('cannot-write', 'Nothing has been seen yet.', 'Try again in a moment.'))
      : await (await import('../trace/save.js')).saveState(path, shown, host, wallOffset());
  return { states, save };
};

const pageSets = ({ processes, spaces }: WatchState): readonly PageSet[] =>
  baselines(
    [...processes.values()].flatMap(({ space, exitedAt }): Judged[] => {
      const { evidence, verdict } = spaces.get(space) ?? {};
      return evidence === undefined || verdict === undefined || exitedAt !== undefined ? [] : [{ evidence, verdict }];
    }),
  );
