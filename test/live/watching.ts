import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { planAhead } from '../../src/bpftrace/plan.js';
import type { CallEvent, Event } from '../../src/model/event.js';
import type { AddressSpace, HistoryLine, ProcessState, WatchState } from '../../src/model/state.js';
import { observe } from '../../src/pipeline/observe.js';
import { liveSources } from '../../src/pipeline/source.js';
import { localBootClock } from '../../src/proc/clock.js';
import type { PuppetOptions } from '../../src/puppet/puppet.js';
import type { Puppet } from '../puppet/puppet.js';
import { withPuppet } from '../puppet/with-puppet.js';

/** The whole pipeline on this machine, as `watch` runs it, for tests to ask. */
export interface Watching {
  readonly state: () => WatchState;
  /** All lines so far. */
  readonly lines: readonly HistoryLine[];
  /** Waits for a state; what `wanted` returns when it is something. */
  readonly until: <T>(what: string, wanted: (state: WatchState) => T | undefined) => Promise<T>;
  /** Waits for a line, one that is there already included. */
  readonly line: (what: string, wanted: (line: HistoryLine) => boolean) => Promise<HistoryLine>;
  /** Waits until everything that has happened by now is in the state, and `pid` has been read after it. */
  readonly settled: (pid: number) => Promise<Seen>;
  /** All processes are read afresh. */
  readonly rescan: () => void;
  readonly stop: () => Promise<void>;
}

/** A living process as the state has it. */
export interface Seen {
  readonly process: ProcessState;
  readonly space: AddressSpace;
}

/** Long enough for a loaded machine; no test asserts a time. */
const PATIENCE_MS = 60_000;

const startWatching = async (bpf: boolean): Promise<Watching> => {
  const asked = new Subject<void>();
  const lines: HistoryLine[] = [];
  const checks = new Set<() => void>();
  const sources = liveSources({ planning: bpf ? planAhead() : undefined, notes: [], asked });
  let beat = 0n;
  const beats = sources.events.subscribe((event) => {
    if (event.kind === 'heartbeat') beat = event.at;
  });
  let last: WatchState | undefined;
  const running = observe(sources).subscribe((frame) => {
    last = frame.state;
    lines.push(...frame.lines);
    for (const check of checks) check();
  });
  const waitFor = async <T>(what: string, look: () => T | undefined): Promise<T> => {
    const stopped = new AbortController();
    try {
      return await Promise.race([
        new Promise<T>((resolve) => {
          const check = (): void => {
            const found = look();
            if (found === undefined) return;
            checks.delete(check);
            resolve(found);
          };
          checks.add(check);
          check();
        }),
        setTimeout(PATIENCE_MS, undefined, { signal: stopped.signal }).then(() => {
          const tail = lines.slice(-30).map(({ pid, text }) => `${pid} ${text}`);
          const gaps = lines.filter(({ event }) => event?.kind === 'gap' || event?.kind === 'status');
          const told = gaps.map(({ at, text }) => `${at} ${text}`);
          throw new Error(`never seen: ${what}\n${told.join('\n')}\n${tail.join('\n')}`);
        }),
      ]);
    } finally {
      stopped.abort();
    }
  };
  const state = (): WatchState => {
    if (last === undefined) throw new Error('nothing was seen yet');
    return last;
  };
  const watching: Watching = {
    state,
    lines,
    until: (what, wanted) => waitFor(what, () => (last === undefined ? undefined : wanted(last))),
    line: (what, wanted) => waitFor(what, () => lines.find(wanted)),
    settled: async (pid) => {
      const now = localBootClock().now();
      return waitFor(`process ${pid}, read after ${now}`, () => {
        const seen = last === undefined ? undefined : livingIn(last, pid);
        const readAt = seen?.space.evidence?.takenAt ?? 0n;
        return seen !== undefined && !seen.space.dirty && (bpf ? beat : readAt) > now && readAt > 0n ? seen : undefined;
      });
    },
    rescan: () => asked.next(),
    stop: async () => {
      running.unsubscribe();
      beats.unsubscribe();
      await setTimeout(0);
    },
  };
  try {
    await watching.until('the end of the first census', ({ recent }) =>
      recent.find(({ text }) => text.startsWith('census:')),
    );
    if (bpf) await watching.until('probes', ({ tracer }) => (tracer.mode === 'ebpf' ? tracer : undefined));
    return watching;
  } catch (error) {
    // Left running, it would keep the tests from ending.
    await watching.stop();
    throw error;
  }
};

/** The one pipeline that the tests of a file ask: runs from the first to the last, unless they are skipped. */
export const watchingFor = (live: { readonly skip?: string }, bpf = true): (() => Watching) => {
  let watching: Watching | undefined;
  before(async () => {
    if (live.skip === undefined) watching = await startWatching(bpf);
  });
  after(async () => watching?.stop());
  return () => {
    assert.ok(watching !== undefined);
    return watching;
  };
};

/** A test process that has been read by the time that `act` has it. */
export const withWatched = (
  watching: Watching,
  options: PuppetOptions,
  act: (puppet: Puppet) => Promise<void>,
): Promise<void> =>
  withPuppet(options, async (puppet) => {
    await watching.settled(puppet.pid);
    await act(puppet);
  });

/**
 * Runs a test's body, and once more when it failed while events were lost: a machine under load loses some, says so,
 * and a line that was never seen is then no news. What the state says must be right all the same.
 */
export const undisturbed = async (watching: Watching, body: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const { gaps } = watching.state().counters;
    try {
      return await body();
    } catch (error) {
      const { counters, tracer } = watching.state();
      if (attempt === ATTEMPTS || (counters.gaps === gaps && tracer.mode === 'ebpf')) throw error;
      await watching.until('probes', (state) => (state.tracer.mode === 'ebpf' ? state : undefined));
    }
  }
};
const ATTEMPTS = 3;

export const livingIn = (state: WatchState, pid: number): Seen | undefined => {
  for (const process of state.processes.values()) {
    if (process.pid !== pid || process.exitedAt !== undefined) continue;
    const space = state.spaces.get(process.space);
    if (space !== undefined) return { process, space };
  }
  return undefined;
};

export const isCall = (event: Event | undefined): event is CallEvent => event?.kind === 'call';
