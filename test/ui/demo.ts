import { Observable } from 'rxjs';
import type { HistoryLine, WatchState } from '../../src/model/state.js';
import { runScreen } from '../../ui/app.js';
import { finding, happened, livelyState, type Made, made, NOW, SECOND, VDSO, vdso, watchState } from './fixture.js';

/**
 * The screen over made-up states: `node dist/test/ui/demo.js [ROWS] [FRAMES-A-SECOND]`. For looking at it, for tests
 * in a terminal, and for measuring what it costs. Every frame changes some processes, as a busy machine would.
 */
const [rows = '0', rate = '10'] = process.argv.slice(2);
const CHANGES = 20;

const crowd = (count: number): readonly Made[] =>
  Array.from({ length: count }, (_, index) => made({ pid: 10_000 + index, comm: `crowd-${(index * 7919) % count}` }));

const states = (count: number, frames: number): Observable<WatchState> =>
  new Observable((subscriber) => {
    let state = livelyState();
    if (count > 0) {
      const all = [...crowd(count)];
      const lively = [...state.processes.values()].flatMap((process) => {
        const space = state.spaces.get(process.space);
        return space === undefined ? [] : [{ process, space }];
      });
      state = watchState([...lively, ...all], { recent: state.recent });
    }
    let turn = 0;
    const processes = new Map(state.processes);
    const spaces = new Map(state.spaces);
    const keys = [...processes.values()].filter(({ pid }) => pid >= 10_000);
    const recent: HistoryLine[] = [...state.recent];
    const next = (): void => {
      turn += 1;
      const now = NOW + (BigInt(turn) * SECOND) / BigInt(Math.max(1, frames));
      for (let index = 0; index < Math.min(CHANGES, keys.length); index += 1) {
        const process = keys[(turn * 31 + index * 97) % keys.length];
        const space = process === undefined ? undefined : spaces.get(process.space);
        if (process === undefined || space === undefined) continue;
        const start = VDSO - BigInt((turn * 4096) % 0x100000000);
        const line: HistoryLine = {
          ...happened(process.pid, process.comm, 0n, `mremap moved the vDSO to ${start.toString(16)}`),
          at: now,
        };
        if (index === 0) recent.push(line);
        spaces.set(space.id, {
          ...space,
          moves: space.moves + 1,
          history: [...space.history.slice(-20), line],
          verdict: made({
            pid: process.pid,
            verdict: {
              vdso: vdso({ start, end: start + 0x2000n, moved: true }),
              findings: [finding('vdso-moved', 'info')],
            },
          }).space.verdict,
        });
      }
      if (recent.length > 500) recent.splice(0, recent.length - 500);
      const counters = { ...state.counters, events: turn * CHANGES, rate: CHANGES * frames };
      subscriber.next({ ...state, processes, spaces, recent: [...recent], counters, now });
    };
    subscriber.next(state);
    const timer = frames > 0 && count > 0 ? setInterval(next, 1000 / frames) : undefined;
    // Keeps the process alive as a tracer would.
    const alive = setInterval(() => {}, 60_000);
    return () => {
      clearInterval(timer);
      clearInterval(alive);
    };
  });

// What the start costs (compiling, ten thousand rows made up) is another matter: measured from the third second on.
const WARM_MS = 3000;
let started = process.cpuUsage();
let at = process.hrtime.bigint();
const warm = setTimeout(() => {
  started = process.cpuUsage();
  at = process.hrtime.bigint();
}, WARM_MS);
const status = await runScreen(states(Number(rows), Number(rate)), { rescan: () => {} });
clearTimeout(warm);
const used = process.cpuUsage(started);
const seconds = Number(process.hrtime.bigint() - at) / 1e9;
const cpu = ((used.user + used.system) / 1e6 / seconds) * 100;
process.stderr.write(
  `${rows} rows, ${rate} frames/s: ${cpu.toFixed(1)} % of a core over ${seconds.toFixed(1)} s, ` +
    `${Math.round(process.memoryUsage.rss() / 1_048_576)} MB\n`,
);
process.exitCode = status;
