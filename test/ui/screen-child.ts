import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Observable } from 'rxjs';
import { runScreen } from '../../ui/app.js';
import { livelyState } from './fixture.js';

/** A process with a screen on stdout, for teardown.test.ts to end in every way there is. */
const [how = 'wait'] = process.argv.slice(2);

const states = new Observable<ReturnType<typeof livelyState>>((subscriber) => {
  subscriber.next(livelyState());
  const busy = setInterval(() => {
    const state = livelyState();
    subscriber.next({ ...state, counters: { ...state.counters, rate: Math.random() * 1e6 } });
  }, 20);
  return () => clearInterval(busy);
});
const environment = { TERM: 'xterm-256color', LANG: 'C.UTF-8' };
const running = runScreen(
  states,
  { rescan: () => {} },
  { input: new PassThrough(), output: process.stdout, environment },
);
setTimeout(() => {
  process.stderr.write('ready\n');
  if (how === 'throw') throw new Error('a bug somewhere');
  if (how === 'reject') Promise.reject(new Error('a promise nobody kept'));
  if (how === 'exit') process.exit(5);
}, 200);
process.exitCode = await running;
// As a tracer that takes its time to detach.
await pause(100);
process.stderr.write('detached\n');
