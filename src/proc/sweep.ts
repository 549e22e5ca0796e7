import { setImmediate } from 'node:timers/promises';
import type { Evidence } from '../model/evidence.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import { isError } from './door.js';
import { localProc, type ProcContext } from './host.js';
import { type Depth, readInSteps } from './process.js';
import { isGone } from './unread.js';

/** Process ids (thread group leaders), ascending: kernel threads and zombies too. */
export const listProcesses = ({ files }: ProcContext = localProc()): Outcome<readonly number[]> => {
  const names = files.list(files.root);
  if (isError(names))
    return failed(
      failure(
        'unreadable',
        `${escapeText(files.root)} cannot be listed (${names.code})`,
        `mount -t proc proc ${escapeText(files.root)}`,
      ),
    );
  const pids = names.filter((name) => PID.test(name)).map(Number);
  return success(pids.sort((a, b) => a - b));
};
const PID = /^[1-9]\d{0,9}$/;

export interface SweepOptions {
  readonly depth?: Depth;
  readonly proc?: ProcContext;
  readonly signal?: AbortSignal;
  /** Of these only, in this order; default: all that are listed when the sweep starts. */
  readonly pids?: readonly number[];
  /** How long one chunk may hold the event loop, ms. */
  readonly slice?: number;
}

/**
 * Evidence of every process, in chunks: each is read in one go of a few milliseconds, and the event loop runs
 * between two. A process that ended since the listing is left out; what cannot be read is there as such.
 */
export async function* sweep(options: SweepOptions = {}): AsyncGenerator<readonly Evidence[], void, undefined> {
  const { proc = localProc(), depth = 'census', signal, slice = 8 } = options;
  let pids = options.pids;
  if (pids === undefined) {
    const listed = listProcesses(proc);
    pids = listed.ok ? listed.value : [];
  }
  let chunk: Evidence[] = [];
  let read = 0;
  let until = performance.now() + slice;
  for (const pid of pids) {
    if (signal?.aborted === true) return;
    let evidence = readInSteps(pid, depth, { proc });
    while (!('takenAt' in evidence)) {
      const step = evidence.next();
      if (step.done === true) evidence = step.value;
      else if (performance.now() >= until) {
        await setImmediate();
        until = performance.now() + slice;
      }
    }
    if (options.pids !== undefined || !isGone(evidence)) chunk.push(evidence);
    // The clock is looked at after every few ordinary ones: each takes 0.1 ms.
    if (evidence.onlyBlock === true && ++read % 8 !== 0) continue;
    if (performance.now() < until) continue;
    yield chunk;
    chunk = [];
    await setImmediate();
    until = performance.now() + slice;
  }
  if (chunk.length > 0) yield chunk;
}
