import { type Observable, Subscription, throttle, timer } from 'rxjs';
import type { PageSet } from '../src/judge/baseline.js';
import type { WatchState } from '../src/model/state.js';
import { rememberedPlaces } from './asked.js';
import { abilitiesOf, type ScreenControls } from './controls.js';
import { rememberedForecasts } from './forecasts.js';
import { draw } from './frame.js';
import { frozenCopy } from './frozen.js';
import { geometry } from './geometry.js';
import { createListing } from './listing.js';
import { onceASecond } from './once-a-second.js';
import { ownCost } from './own.js';
import { openPace } from './pace.js';
import { performer } from './perform.js';
import { type Input, type Output, openScreen, type Screen } from './screen.js';
import { holdStderr } from './stderr.js';
import { terminalOf } from './terminal.js';
import { update } from './update.js';
import { initialView, type Message, NOTHING_YET } from './view.js';
import { waysOut } from './ways-out.js';

/** Where the screen is shown; by default the terminal this process runs in. */
export interface ScreenStreams {
  readonly input?: Input;
  readonly output?: Output;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export type { ReplayControls, ScreenControls } from './controls.js';

const COST_MS = 2000;
const MESSAGE_MS = 6000;
const BEHIND_MS = 100;

/**
 * Shows the states until the user leaves, the terminal goes away or a signal comes. The terminal has been given back
 * when the promise settles, whichever way, and at once: stopping the tracer is the caller's business and may take
 * its time. The value is the exit status: 0, or 128 + the signal's number. Rejects when the states fail.
 */
export const runScreen = (
  states: Observable<WatchState>,
  controls: ScreenControls,
  streams: ScreenStreams = {},
): Promise<number> =>
  new Promise((resolve, reject) => {
    const terminal = terminalOf(streams.environment ?? process.env);
    const input = streams.input ?? process.stdin;
    const output = streams.output ?? process.stdout;
    const listing = createListing();
    const cost = ownCost();
    const pace = openPace();
    const grouped = onceASecond((state: WatchState): readonly PageSet[] => controls.pageSets?.(state) ?? []);
    const forecasts = rememberedForecasts(controls.foretell);
    const placeOf = rememberedPlaces(controls.place);
    let view = initialView(abilitiesOf(controls), controls.speed);
    let live: WatchState = NOTHING_YET;
    let frozen: WatchState | undefined;
    let due = false;
    /** A process to be chosen as soon as it is there. */
    let wanted: string | undefined;
    let over = false;
    let paintMs = 0;
    const subscription = new Subscription();
    let messageTimer: NodeJS.Timeout | undefined;
    let later: NodeJS.Timeout | undefined;

    // Frozen means the processes; loss and mode are always those of now.
    const shownState = (): WatchState =>
      frozen === undefined ? live : { ...frozen, counters: live.counters, tracer: live.tracer };

    const paint = (): void => {
      due = false;
      if (over) return;
      const begun = performance.now();
      const state = shownState();
      if (wanted !== undefined && state.processes.has(wanted)) {
        view = { ...view, selected: wanted, detailTop: 0 };
        wanted = undefined;
      }
      const shown = { state, listing: listing(state, view), pageSets: () => grouped(state), placeOf, forecasts };
      forecasts.begin();
      const drawn = draw(shown, view, screen.size(), terminal.theme);
      view = drawn.view;
      screen.paint(drawn.lines);
      clearTimeout(later);
      if (forecasts.isBehind()) later = setTimeout(schedule, BEHIND_MS);
      paintMs = performance.now() - begun;
    };
    const schedule = (): void => {
      if (due || over) return;
      due = true;
      setImmediate(paint);
    };

    const release = holdStderr();
    let screen: Screen;
    try {
      screen = openScreen(input, output, terminal, {
        key: (key) => {
          if (over) return;
          const state = shownState();
          const listed = listing(state, view);
          const shape = geometry(screen.size(), view, state.tracer.notes.length > 0, listed.rows.length);
          const updated = update(view, key, { listing: listed, shape });
          view = updated.view;
          if (view.message !== undefined) forgetMessage();
          if (updated.effect !== undefined) perform(updated.effect);
          schedule();
        },
        resize: paint,
      });
    } catch (error) {
      release();
      reject(error);
      return;
    }

    const tell = (message: Message): void => {
      if (over) return;
      view = { ...view, message };
      forgetMessage();
      schedule();
    };
    const forgetMessage = (): void => {
      clearTimeout(messageTimer);
      messageTimer = setTimeout(() => {
        view = { ...view, message: undefined };
        schedule();
      }, MESSAGE_MS);
    };

    /** The terminal first, in the same turn; then everything else. */
    const close = (): void => {
      over = true;
      screen.close();
      release();
      out.forget();
      clearTimeout(messageTimer);
      clearTimeout(later);
      clearInterval(costTimer);
      subscription.unsubscribe();
    };
    const end = (settle: () => void): void => {
      if (over) return;
      close();
      settle();
    };
    const finish = (status: number): void => end(() => resolve(status));
    const fail = (error: unknown): void => end(() => reject(error));

    const out = waysOut({
      input,
      output,
      leave: screen.leave,
      enter: () => {
        screen.enter();
        schedule();
      },
      gone: finish,
      // A bug somewhere: the terminal is given back before Node prints the trace.
      crash: () => {
        over = true;
        screen.close();
        release();
      },
    });
    const perform = performer(controls, {
      finish,
      freeze: (freeze) => {
        frozen = freeze ? frozenCopy(live) : undefined;
      },
      suspend: out.suspend,
      forget: screen.forget,
      tell,
      choose: (process) => {
        wanted = process;
      },
      fail,
    });
    const costTimer = setInterval(() => {
      view = { ...view, own: cost() };
      schedule();
    }, COST_MS);
    const watching = states
      .pipe(throttle(() => timer(pace.gap(performance.now(), paintMs)), { leading: true, trailing: true }))
      .subscribe({
        next: (state) => {
          live = controls.chosen?.(state) ?? state;
          schedule();
        },
        error: fail,
        complete: () => {
          view = { ...view, ended: true };
          schedule();
        },
      });
    subscription.add(watching);
    controls.over?.then(finish, fail);
    schedule();
  });
