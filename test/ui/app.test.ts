import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { failed, failure, success } from '../../src/model/failure.js';
import type { WatchState } from '../../src/model/state.js';
import { chosenState } from '../../src/report/chosen.js';
import { runScreen, type ScreenControls } from '../../ui/app.js';
import type { NextFinding } from '../../ui/controls.js';
import { frame } from '../../ui/frame.js';
import { initialView, type ViewState } from '../../ui/view.js';
import { happened, livelyState, made, watchState } from './fixture.js';
import { type Headless, headless } from './headless.js';

const ENVIRONMENT = { TERM: 'tmux-256color', LANG: 'C.UTF-8' };
const view = initialView({ save: false, replay: false, pageSets: false });

const start = (terminal: Headless, states: Observable<WatchState>, controls: Partial<ScreenControls> = {}) =>
  runScreen(
    states,
    { rescan: () => {}, ...controls },
    { input: terminal.input, output: terminal.output, environment: ENVIRONMENT },
  );

/** What vdsowatch itself costs is not the same twice. */
const withoutCost = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replace(/cpu +[\d.]+% \d+M/, '').trimEnd());

const expected = (state: WatchState, shown: ViewState, cols: number, rows: number): readonly string[] =>
  frame(state, shown, { cols, rows }).map((line) => line.trimEnd());

const staying = (state: WatchState): Observable<WatchState> => new Observable((subscriber) => subscriber.next(state));

for (const [cols, rows] of [
  [80, 24],
  [200, 50],
  [20, 5],
] as const) {
  test(`the terminal shows the frame, ${cols}x${rows}, and gets itself back`, async () => {
    const terminal = headless({ cols, rows });
    const running = start(terminal, staying(livelyState()));
    assert.deepEqual(withoutCost(await terminal.lines()), expected(livelyState(), view, cols, rows));
    assert.ok(terminal.alternate());
    assert.ok(terminal.cursorHidden());
    assert.ok(terminal.input.raw);
    terminal.press('q');
    assert.equal(await running, 0);
    await terminal.lines();
    assert.ok(!terminal.alternate());
    assert.ok(!terminal.cursorHidden());
    assert.ok(!terminal.input.raw);
  });
}

test('keys work as bytes of a terminal: arrows, Enter, Esc, a filter', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const running = start(terminal, staying(livelyState()));
  await terminal.lines();
  terminal.press('\x1b[B\x1b[B\r');
  const chosen: ViewState = { ...view, selected: '2380@100', detail: 'open', notesSeen: true };
  assert.deepEqual(withoutCost(await terminal.lines()), expected(livelyState(), chosen, 80, 24));
  terminal.press('\x1b');
  await terminal.lines();
  terminal.press('/worker\r');
  const filtered: ViewState = { ...view, selected: '2401@100', filter: 'worker', notesSeen: true };
  const lines = withoutCost(await terminal.lines());
  assert.ok(lines[1]?.endsWith('/worker 3 of 13'), lines[1]);
  assert.deepEqual(lines, expected(livelyState(), filtered, 80, 24));
  terminal.press('\x03');
  assert.equal(await running, 130);
});

test('keys that come in one piece with an Escape before them are lost', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const running = start(terminal, staying(livelyState()));
  await terminal.lines();
  const seen = async (keys: string, shown: Partial<ViewState>): Promise<void> => {
    terminal.press(keys);
    const now: ViewState = { ...view, notesSeen: true, ...shown };
    assert.deepEqual(withoutCost(await terminal.lines()), expected(livelyState(), now, 80, 24), JSON.stringify(keys));
  };
  const second = { selected: '2210@100' };
  await seen('\x1b[B\r\r', { ...second, detail: 'full' });
  await seen('\x1b\x1b', { ...second });
  await seen('\r', { ...second, detail: 'open' });
  await seen('\x1b\x1b[B', { selected: '2380@100' });
  await seen('/hook\r\x1b!', { selected: '2380@100', onlyFindings: true });
  await seen('\x1b/hook', { selected: '2380@100', prompt: { kind: 'filter', text: 'hook' }, filter: 'hook' });
  await seen('\x1bj', { selected: '1@100' });
  terminal.press('\x1bq');
  assert.equal(await running, 0);
});

test('nothing is written while nothing changes', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const states = new Subject<WatchState>();
  const running = start(terminal, states);
  states.next(livelyState());
  await terminal.lines();
  terminal.written();
  states.next(livelyState());
  await pause(150);
  await terminal.lines();
  assert.equal(terminal.written(), '');
  terminal.press('q');
  await running;
});

test('few bytes are written when little changes', async () => {
  const terminal = headless({ cols: 200, rows: 50 });
  const states = new Subject<WatchState>();
  const running = start(terminal, states);
  const crowd = Array.from({ length: 2000 }, (_, index) => made({ pid: 1000 + index }));
  states.next(watchState(crowd));
  await terminal.lines();
  terminal.written();
  states.next(watchState([...crowd.slice(1), made({ pid: 1000, space: { moves: 3 } })]));
  await pause(150);
  assert.ok(withoutCost(await terminal.lines())[3]?.includes(' 3 '));
  assert.ok(terminal.written().length < 100);
  terminal.press('q');
  await running;
});

test('after a resize the screen is as if it had always been of that size', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const running = start(terminal, staying(livelyState()));
  await terminal.lines();
  for (const [cols, rows] of [
    [200, 50],
    [20, 5],
    [1, 1],
    [60, 20],
  ] as const) {
    terminal.resize({ cols, rows });
    assert.deepEqual(withoutCost(await terminal.lines()), expected(livelyState(), view, cols, rows));
  }
  terminal.press('q');
  await running;
});

test('frozen, the processes stand still, and loss is still that of now', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const states = new Subject<WatchState>();
  const frozen: boolean[] = [];
  const running = start(terminal, states, { freeze: (on) => frozen.push(on) });
  const before = livelyState();
  states.next(before);
  await terminal.lines();
  terminal.press(' ');
  await terminal.lines();
  states.next({ ...watchState([made({ pid: 42 })]), counters: { ...before.counters, lost: 9n, gaps: 1 } });
  await pause(150);
  const lines = await terminal.lines();
  assert.match(lines[1] ?? '', /LOST 9/);
  assert.ok(lines.some((line) => line.includes('memcheck')));
  terminal.press(' ');
  await terminal.lines();
  assert.ok((await terminal.lines()).some((line) => line.includes('proc-42')));
  assert.deepEqual(frozen, [true, false]);
  terminal.press('q');
  await running;
});

test('saving tells where, or why not and what mends it', async () => {
  const terminal = headless({ cols: 120, rows: 24 });
  const asked: string[] = [];
  const running = start(terminal, NEVER, {
    save: async (path) => {
      asked.push(path);
      return asked.length === 1
        ? success(`saved as ${path}`)
        : failed(failure('cannot-write', 'The disk is full', 'free some'));
    },
  });
  terminal.press('wa.gz\r');
  assert.match((await terminal.lines()).at(-1) ?? '', /saved as a\.gz/);
  terminal.press('wb\r');
  assert.match((await terminal.lines()).at(-1) ?? '', /!! The disk is full: free some/);
  assert.deepEqual(asked, ['a.gz', 'b']);
  terminal.press('q');
  await running;
});

test('the end of the states leaves the screen up, and says so', async () => {
  const terminal = headless({ cols: 120, rows: 24 });
  const running = start(terminal, of(livelyState()));
  assert.match((await terminal.lines())[1] ?? '', /ended/);
  terminal.press('q');
  assert.equal(await running, 0);
});

test('when the run is over without the user, the terminal is given back with the status of that', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  assert.equal(await start(terminal, NEVER, { over: pause(50, 7) }), 7);
  await terminal.lines();
  assert.ok(!terminal.alternate());
});

test('when the states fail, the terminal is given back and the failure passed on', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  await assert.rejects(
    start(
      terminal,
      throwError(() => new Error('a bug')),
    ),
    /a bug/,
  );
  await terminal.lines();
  assert.ok(!terminal.alternate());
  assert.ok(!terminal.cursorHidden());
});

test('a terminal that has gone ends the screen like a hangup, whichever stream notices', async () => {
  for (const go of [
    (terminal: Headless) => terminal.output.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    (terminal: Headless) => terminal.input.emit('error', Object.assign(new Error('read EIO'), { code: 'EIO' })),
    (terminal: Headless) => terminal.input.end(),
  ]) {
    const terminal = headless({ cols: 80, rows: 24 });
    const running = start(terminal, NEVER);
    await terminal.lines();
    go(terminal);
    assert.equal(await running, 129);
    terminal.output.emit('error', new Error('late'));
  }
});

test('NO_COLOR: no colour is written, the chosen row is still marked', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const running = runScreen(
    staying(livelyState()),
    { rescan: () => {} },
    { input: terminal.input, output: terminal.output, environment: { ...ENVIRONMENT, NO_COLOR: '1' } },
  );
  const lines = await terminal.lines();
  assert.doesNotMatch(terminal.written(), /\x1b\[[\d;]*[34]\d(?:;5;\d+)?m/);
  const row = lines.findIndex((line) => line.startsWith('►'));
  assert.ok(terminal.styleAt(row, 10).inverse);
  terminal.press('q');
  await running;
});

test('a screen leaves no handler behind', async () => {
  const events = [
    'SIGINT',
    'SIGTERM',
    'SIGHUP',
    'SIGQUIT',
    'SIGTSTP',
    'SIGCONT',
    'exit',
    'uncaughtException',
    'uncaughtExceptionMonitor',
  ];
  const count = (): readonly number[] => events.map((event) => process.listenerCount(event));
  const before = count();
  const terminal = headless({ cols: 80, rows: 24 });
  const running = start(terminal, NEVER);
  await terminal.lines();
  terminal.press('q');
  await running;
  assert.deepEqual(count(), before);
});

const NO_REPLAY = {
  pause() {},
  step() {},
  seek() {},
  speed() {},
  nextFinding: async () => undefined,
  moment: () => success(0n),
};

test('a recording begins at the speed that was asked for', async () => {
  const terminal = headless({ cols: 120, rows: 24 });
  const state = livelyState();
  const speeds: number[] = [];
  const replay = { ...NO_REPLAY, speed: (factor: number) => speeds.push(factor) };
  const playing = staying({ ...state, tracer: { mode: 'replay', text: 'a.ndjson', notes: [] } });
  const running = start(terminal, playing, { replay, speed: 8 });
  assert.match((await terminal.lines())[0] ?? '', /replay x8 a\.ndjson/);
  terminal.press('>');
  await terminal.lines();
  terminal.press('q');
  await running;
  assert.deepEqual(speeds, [16]);
});

test('the next finding chooses its process and is told in the last line; where there is none that is said', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  const state = livelyState();
  const line = happened(2380, 'hook-demo', 0n, 'page-modified: page 0 is a copy', { severity: 'warning' });
  const found: (NextFinding | undefined)[] = [{ process: '2380@100', line }, undefined];
  const replay = { ...NO_REPLAY, nextFinding: async () => found.shift() };
  const running = start(terminal, staying({ ...state, tracer: { mode: 'replay', text: 'now', notes: [] } }), {
    replay,
  });
  await terminal.lines();
  terminal.press('n');
  const lines = await terminal.lines();
  assert.ok(
    lines.some((one) => one.startsWith('►   2380 ')),
    lines.join('\n'),
  );
  assert.match(lines.at(-1) ?? '', /^ ! 2380 hook-demo: page-modified: page 0 is a copy/);
  terminal.press('n');
  assert.match((await terminal.lines()).at(-1) ?? '', /no other error or warning up to the end/);
  terminal.press('q');
  await running;
});

test('a time of a recording may be written as for --from; what is none is said', async () => {
  const terminal = headless({ cols: 120, rows: 24 });
  const sought: bigint[] = [];
  const moment = (text: string) =>
    text === '+1' ? success(7n) : failed(failure('usage', 'That is no time.', 'Give one.'));
  const replay = { ...NO_REPLAY, moment, seek: (at: bigint) => sought.push(at) };
  const running = start(terminal, staying(livelyState()), { replay });
  await terminal.lines();
  terminal.press('t+1\r');
  await terminal.lines();
  terminal.press('tnoon\r');
  assert.match((await terminal.lines()).at(-1) ?? '', /^ ! That is no time\. Give one\./);
  terminal.press('q');
  await running;
  assert.deepEqual(sought, [7n]);
});

test('only the chosen processes are shown, and counted', async () => {
  const terminal = headless({ cols: 120, rows: 24 });
  const state = livelyState();
  const [one] = state.processes.values();
  assert.ok(one);
  const running = start(terminal, staying(state), { chosen: chosenState({ pid: [one.pid] }) });
  assert.match((await terminal.lines())[1] ?? '', /^ 1 process /);
  terminal.press('q');
  await running;
  assert.equal(chosenState({})(state), state);
  const named = chosenState({ comm: one.comm })(state);
  assert.ok([...named.processes.values()].every(({ comm }) => comm === one.comm));
  assert.ok(named.recent.every(({ pid, comm }) => pid === 0 || comm === one.comm));
});

test('a message that comes after the screen has closed keeps the process from ending', async () => {
  const terminal = headless({ cols: 80, rows: 24 });
  let saved: (outcome: ReturnType<typeof success<string>>) => void = () => assert.fail('nothing is being saved');
  const running = start(terminal, staying(livelyState()), {
    save: () =>
      new Promise((resolve) => {
        saved = resolve;
      }),
  });
  await terminal.lines();
  terminal.press('wa\r');
  await terminal.lines();
  terminal.press('q');
  await running;
  await terminal.lines();
  const clocks = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = clocks();
  saved(success('saved'));
  await terminal.lines();
  assert.equal(clocks(), before);
});
