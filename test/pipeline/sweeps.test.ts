import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Subject } from 'rxjs';
import type { Event, TracerStatus } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { PACES, sweeps } from '../../src/pipeline/sweeps.js';
import { readingOf, T0 } from './build.js';

/** A machine of three processes; time is real and short, and nothing here asserts how long anything takes. */
const watch = (paces = PACES) => {
  const events = new Subject<Event>();
  const seen: Observation[] = [];
  let now = T0;
  const waiting: { readonly done: (sweeps: readonly Observation[]) => boolean; readonly resolve: () => void }[] = [];
  const subscription = sweeps(
    events,
    {
      list: () => [1, 2, 3],
      read: (pid) => readingOf({ at: ++now, pid, ticks: BigInt(pid) }),
      glance: () => undefined,
      clock: () => ++now,
    },
    paces,
  ).subscribe((observation) => {
    seen.push(observation);
    for (const { done, resolve } of waiting) if (done(seen)) resolve();
  });
  const count = (kind: Observation['kind']): number => seen.filter((one) => one.kind === kind).length;
  return {
    events,
    seen,
    count,
    stop: () => subscription.unsubscribe(),
    until: (done: () => boolean) =>
      new Promise<void>((resolve) => {
        if (done()) resolve();
        else waiting.push({ done, resolve });
      }),
  };
};

const status = (mode: TracerStatus['mode']): Event => ({
  kind: 'status',
  at: T0,
  status: { mode, text: mode, notes: [] },
});
const gap: Event = { kind: 'gap', at: T0, from: T0, cause: 'lost', lost: 1n };
const NEVER_AGAIN = { share: 0.5, pause: Number.POSITIVE_INFINITY };
const once = { polling: NEVER_AGAIN, starting: NEVER_AGAIN, ebpf: NEVER_AGAIN, replay: NEVER_AGAIN };

test('the first census does not wait for the tracer', async () => {
  const machine = watch(once);
  await machine.until(() => machine.count('swept') === 1);
  machine.stop();
  assert.deepEqual(
    machine.seen.map((one) => (one.kind === 'snapshot' ? one.pid : one.kind)),
    ['census', 1, 2, 3, 'swept'],
  );
  const [census] = machine.seen;
  assert.ok(census?.kind === 'census');
  assert.deepEqual([...census.pids], [1, 2, 3]);
  const times = machine.seen.map((one) =>
    one.kind === 'snapshot' ? one.startedAt : one.kind === 'event' ? 0n : one.at,
  );
  assert.deepEqual(
    times,
    [...times].sort((x, y) => Number(x - y)),
    'the list is older than what is read by it',
  );
});

test('a fresh sweep when the probes are ready, and after a gap', async () => {
  const machine = watch(once);
  await machine.until(() => machine.count('swept') === 1);
  machine.events.next(status('ebpf'));
  await machine.until(() => machine.count('swept') === 2);
  machine.events.next(gap);
  await machine.until(() => machine.count('swept') === 3);
  machine.stop();
});

test('a status that changes nothing asks for nothing', async () => {
  const machine = watch(once);
  await machine.until(() => machine.count('swept') === 1);
  machine.events.next(status('ebpf'));
  await machine.until(() => machine.count('swept') === 2);
  machine.events.next(status('ebpf'));
  machine.events.next({ kind: 'heartbeat', at: T0, emitted: 0n, received: 0n });
  machine.events.next(gap);
  await machine.until(() => machine.count('swept') === 3);
  machine.stop();
  assert.equal(machine.count('census'), 3);
});

test('polling goes on and on', async () => {
  const fast = { share: 0.5, pause: 1 };
  const machine = watch({ ...once, polling: fast });
  machine.events.next(status('polling'));
  await machine.until(() => machine.count('swept') === 5);
  machine.stop();
});

test('after the end nothing is read any more', async () => {
  const machine = watch({ ...once, starting: { share: 0.5, pause: 1 } });
  await machine.until(() => machine.count('swept') === 1);
  machine.stop();
  const { length } = machine.seen;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(machine.seen.length, length);
});

test('a gap during a slow re-check starts over at full speed', async () => {
  // A share of next to nothing: a re-check would rest for hours after its first slice.
  const machine = watch({ ...once, ebpf: { share: 1e-9, pause: 1 } });
  await machine.until(() => machine.count('swept') === 1);
  machine.events.next(status('ebpf'));
  await machine.until(() => machine.count('swept') === 2);
  machine.events.next(gap);
  await machine.until(() => machine.count('swept') === 3);
  machine.stop();
});

/** Whom each sweep read, and whom it gave a glance that shows nothing new, once this mode is known. */
const looksOf = async (processes: number, mode: TracerStatus['mode'], count: number) => {
  const pids = Array.from({ length: processes }, (_, index) => index + 1);
  const events = new Subject<Event>();
  const all: { readonly read: number[]; readonly glanced: number[]; readonly told: number[] }[] = [];
  const latest = () => all.at(-1) ?? { read: [], glanced: [], told: [] };
  const source = {
    list: () => {
      all.push({ read: [], glanced: [], told: [] });
      return pids;
    },
    read: (pid: number) => {
      latest().read.push(pid);
      return readingOf({ at: T0, pid, ticks: 5n });
    },
    glance: (pid: number) => {
      latest().glanced.push(pid);
      return undefined;
    },
    clock: () => T0,
  };
  await new Promise<void>((resolve) => {
    const subscription = sweeps(events, source, { ...once, [mode]: { share: 1, pause: 1 } }).subscribe(
      (observation) => {
        if (observation.kind === 'snapshot') latest().told.push(observation.pid);
        if (observation.kind !== 'swept') return;
        if (all.length === 1) events.next(status(mode));
        if (all.length === count) {
          subscription.unsubscribe();
          resolve();
        }
      },
    );
  });
  return all;
};

test('with probes, of many processes each is read in one sweep of four, and glanced at in the others', async () => {
  const [first, fresh, ...others] = await looksOf(501, 'ebpf', 6);
  assert.equal(first?.read.length, 501, 'the first census knows nothing yet');
  assert.equal(fresh?.read.length, 501, 'the probes have only just become ready');
  const read = others.flatMap((sweep) => sweep.read).sort((a, b) => a - b);
  assert.deepEqual(read, first.read, 'each once');
  for (const sweep of others) {
    assert.equal(sweep.read.length + sweep.glanced.length, 501);
    assert.deepEqual(sweep.told, sweep.read, 'a glance that shows nothing new is no observation');
  }
});

test('few processes are always read, and so are all without probes', async () => {
  for (const sweep of await looksOf(500, 'ebpf', 4)) assert.deepEqual(sweep.glanced, []);
  for (const sweep of await looksOf(501, 'polling', 4)) assert.deepEqual(sweep.glanced, []);
});
