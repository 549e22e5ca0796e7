import { type Observable, Subscription, throttle, timer } from 'rxjs';
import type { WatchState } from '../src/model/state.js';
import { abilitiesOf, type ScreenControls } from './controls.js';
import { openDrawing } from './drawing.js';
import type { Key } from './keys.js';
import { performer } from './perform.js';
import { openPace, openRepaint } from './repaint.js';
import { openScreen, type Screen } from './screen.js';
import { openShownState } from './shown-state.js';
import { holdStderr } from './stderr.js';
import { type Input, type Output, terminalOf } from './terminal.js';
import { initialView, type Message, type Own, type ViewState } from './view.js';
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
    const drawing = openDrawing(controls, terminal.theme);
    const shown = openShownState();
    const cost = ownCost();
    const pace = openPace();
    let view = initialView(abilitiesOf(controls), controls.speed);
    /** A process to be chosen as soon as it is there. */
    let wanted: string | undefined;
    let over = false;
    let paintMs = 0;
    let messageTimer: NodeJS.Timeout | undefined;

    const repaint = openRepaint(() => {
      const begun = performance.now();
      const state = shown.now();
      if (wanted !== undefined && state.processes.has(wanted)) {
        view = { ...view, selected: wanted, detailTop: 0 };
        wanted = undefined;
      }
      const drawn = drawing.draw(state, view, screen.size());
      view = drawn.view;
      screen.paint(drawn.lines);
      if (drawing.isBehind()) repaint.after(BEHIND_MS);
      paintMs = performance.now() - begun;
    });
    const change = (news: Partial<ViewState>): void => {
      view = { ...view, ...news };
      repaint.soon();
    };

    const onKey = (key: Key): void => {
      if (over) return;
      const { view: after, effect } = drawing.press(key, shown.now(), view, screen.size());
      view = after;
      if (view.message !== undefined) forgetMessage();
      if (effect !== undefined) perform(effect);
      repaint.soon();
    };
    const tell = (message: Message): void => {
      if (over) return;
      forgetMessage();
      change({ message });
    };
    const forgetMessage = (): void => {
      clearTimeout(messageTimer);
      messageTimer = setTimeout(() => change({ message: undefined }), MESSAGE_MS);
    };

    const release = holdStderr();
    let screen: Screen;
    try {
      screen = openScreen(input, output, terminal, { key: onKey, resize: repaint.now });
    } catch (error) {
      release();
      reject(error);
      return;
    }

    /** The terminal first, in the same turn; then everything else. */
    const giveBack = (): void => {
      over = true;
      screen.close();
      release();
      repaint.stop();
    };
    const end = (settle: () => void): void => {
      if (over) return;
      giveBack();
      out.forget();
      clearTimeout(messageTimer);
      clearInterval(costTimer);
      watching.unsubscribe();
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
        repaint.soon();
      },
      gone: finish,
      // A bug somewhere: the terminal is given back before Node prints the trace.
      crash: giveBack,
    });
    const perform = performer(controls, {
      finish,
      freeze: shown.freeze,
      suspend: out.suspend,
      forget: screen.forget,
      tell,
      choose: (process) => {
        wanted = process;
      },
      fail,
    });
    const costTimer = setInterval(() => change({ own: cost() }), COST_MS);
    const watching = new Subscription();
    watching.add(
      states
        .pipe(throttle(() => timer(pace.gap(performance.now(), paintMs)), { leading: true, trailing: true }))
        .subscribe({
          next: (state) => {
            shown.take(controls.chosen?.(state) ?? state);
            repaint.soon();
          },
          error: fail,
          complete: () => change({ ended: true }),
        }),
    );
    controls.over?.then(finish, fail);
    repaint.soon();
  });

/** A meter of what this process costs, over the time between two readings (bpftrace is another process). */
const ownCost = (): (() => Own) => {
  let before = process.cpuUsage();
  let at = process.hrtime.bigint();
  return () => {
    const now = process.hrtime.bigint();
    const used = process.cpuUsage(before);
    const elapsed = Number(now - at) / 1000;
    before = process.cpuUsage();
    at = now;
    const cpu = elapsed > 0 ? ((used.user + used.system) / elapsed) * 100 : 0;
    return { cpu, rss: process.memoryUsage.rss() };
  };
};
