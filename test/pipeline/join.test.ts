import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delay, map, type Observable, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Event } from '../../src/model/event.js';
import type { Evidence } from '../../src/model/evidence.js';
import { type JoinOptions, join } from '../../src/pipeline/join.js';
import type { Happening, Snapshot } from '../../src/pipeline/observation.js';
import type { Target } from '../../src/pipeline/target.js';
import { CLONE_VM, execed, exited, forked, goneEvidence, MS, moved, readingOf, T0 } from './build.js';

/** Makes the event of a letter: it happened at this time, and its comm is the letter. */
type Make = (at: bigint, comm: string) => Event;

interface Scenario extends Partial<Pick<JoinOptions, 'window' | 'rest' | 'newborn' | 'concurrency' | 'waiting'>> {
  readonly events: Readonly<Record<string, Make>>;
  /** How long a reading takes; 0: it is there at once. */
  readonly takes?: number;
  /** Pids that have gone. */
  readonly missing?: readonly number[];
}

/**
 * Marbles, one frame a ms: a letter is an event, delivered 1 ms after it happened. The result is told as
 * "0 a1, 10 1, 21 end": at frame 0 the event a and a snapshot of pid 1, at frame 10 another, the end at 21. A snapshot
 * is the last digit of its pid. Window: 10 ms.
 */
const scenario = (marbles: string, expected: string, { events, takes = 0, missing = [], ...options }: Scenario) => {
  const seen: (Happening | Snapshot)[] = [];
  const told = new Map<number, string>();
  const scheduler = new TestScheduler((actual, wanted) => assert.deepEqual(actual, wanted));
  scheduler.run(({ hot }) => {
    const clock = (): bigint => T0 + BigInt(scheduler.now()) * MS;
    const tell = (what: string): void => {
      told.set(scheduler.now(), (told.get(scheduler.now()) ?? '') + what);
    };
    const read = ({ pid }: Target): Observable<Evidence> => {
      const gone = missing.includes(pid);
      const evidence = gone ? goneEvidence(clock(), pid) : readingOf({ at: clock(), pid, ticks: 1n });
      return takes === 0 ? of(evidence) : of(evidence).pipe(delay(takes));
    };
    hot(marbles)
      .pipe(
        map((letter) => {
          const make = events[letter];
          assert.ok(make, letter);
          return make(clock() - MS, letter);
        }),
        join({ read, clock, resolve: (_, pid) => pid, window: 10, rest: 0, newborn: 0, ...options }),
      )
      .subscribe({
        next: (observation) => {
          seen.push(observation);
          tell(letterOf(observation));
        },
        complete: () => tell('end'),
      });
  });
  assert.equal([...told].map(([frame, what]) => `${frame} ${what}`).join(', '), expected);
  return seen;
};

const letterOf = (observation: Happening | Snapshot): string => {
  if (observation.kind === 'snapshot') return String(observation.pid % 10);
  const { event } = observation;
  return 'comm' in event ? event.comm : (event.kind[0] ?? '');
};

const happenings = (seen: readonly (Happening | Snapshot)[]): readonly Happening[] =>
  seen.filter((one): one is Happening => one.kind === 'event');

const move =
  (pid: number, context: number): Make =>
  (at, comm) =>
    moved({ at, pid, in: context, comm, from: 0x1000n, to: 0x3000n });
const a = move(1, 11);
const b = move(2, 12);
const c = move(3, 13);

test('one event, one snapshot, at once, newer than the event', () => {
  const seen = scenario('a----|', '0 a1, 5 end', { events: { a } });
  const [event, snapshot] = seen;
  assert.ok(event?.kind === 'event' && snapshot?.kind === 'snapshot');
  assert.equal(event.snapshot, 'asked');
  assert.equal(event.target, 1);
  assert.ok(snapshot.startedAt > event.event.at);
});

test('a storm on one address space: one snapshot per window, the last one begun after the last event', () => {
  //        frames 0, 1, 3, 5, 9 and then 10: the trailing snapshot serves all but the first
  scenario('aa-a-a---a-----------|', '0 a1, 1 a, 3 a, 5 a, 9 a, 10 1, 21 end', { events: { a } });
});

test('a storm that goes on is read less and less often, down to a quarter; after a rest it is none', () => {
  // Every 5 ms until 100; then one at 200. The reading at 100 begins after the last one of them.
  const storm = Array.from({ length: 21 }, (_, index) => 5 * index);
  const readAt = [0, 10, 30, 60, 100];
  const times = [...new Set([...storm, ...readAt])].sort((one, other) => one - other);
  const tale = times.map((at) => `${at} ${storm.includes(at) ? 'a' : ''}${readAt.includes(at) ? '1' : ''}`);
  scenario(`${'a----'.repeat(21)}${'-'.repeat(95)}a---------------|`, `${tale.join(', ')}, 200 a1, 216 end`, {
    events: { a },
  });
});

test('an event that happened before the newest snapshot began needs none of its own', () => {
  // The second is delivered 5 ms late: it happened before the snapshot of the first was taken.
  const late: Make = (at, comm) => moved({ at: at - 5n * MS, pid: 1, in: 11, comm, from: 0x1000n, to: 0x3000n });
  const seen = scenario('a---l---------------|', '0 a1, 4 l, 20 end', { events: { a, l: late } });
  assert.deepEqual(
    happenings(seen).map(({ snapshot }) => snapshot),
    ['asked', 'asked'],
  );
});

test('a brief reading does not serve an event that needs a thorough one', () => {
  const e: Make = (at, comm) => execed({ at, pid: 1, in: 11, comm });
  const late: Make = (at, comm) => moved({ at: at - 5n * MS, pid: 1, in: 11, comm, from: 0x1000n, to: 0x3000n });
  scenario('e---l---------------|', '0 e1, 4 l, 10 1, 20 end', { events: { e, l: late } });
});

test('several address spaces do not wait for each other', () => {
  scenario('(abc)---------------|', '0 abc123, 20 end', { events: { a, b, c } });
});

test('readings in flight are bounded, events are not held up', () => {
  scenario('(abc)----------------------------|', '0 abc, 4 12, 8 3, 33 end', {
    events: { a, b, c },
    takes: 4,
    concurrency: 2,
  });
});

test('an event during the reading of its address space: read again after the window', () => {
  scenario('a--a-------------------|', '0 a, 3 a, 5 1, 15 1, 23 end', { events: { a }, takes: 5 });
});

test('what takes long to read is let rest as many times as long', () => {
  scenario('a--a-------------------|', '0 a, 3 a, 5 1, 25 1end', { events: { a }, takes: 5, rest: 3 });
  scenario('a--a-------------------|', '0 a, 3 a, 5 1, 15 1, 23 end', { events: { a }, takes: 5, rest: 1 });
  scenario('a--a-|', '0 a, 3 a, 5 1, 1010 1end', { events: { a }, takes: 5, rest: 1_000_000 });
});

test('beyond the bound an event goes on without a snapshot, and says so', () => {
  const seen = scenario('(abc)-------------|', '0 abc1, 18 end', { events: { a, b, c }, waiting: 1 });
  assert.deepEqual(
    happenings(seen).map(({ snapshot }) => snapshot),
    ['asked', 'refused', 'refused'],
  );
});

test('heartbeats, gaps and exits ask for nothing and pass', () => {
  const seen = scenario('hgx|', '0 h, 1 g, 2 x, 3 end', {
    events: {
      h: (at) => ({ kind: 'heartbeat', at, emitted: 0n, received: 0n }),
      g: (at) => ({ kind: 'gap', at, from: at, cause: 'stuck', lost: undefined }),
      x: (at, comm) => exited({ at, pid: 1, in: 11, comm }),
    },
  });
  assert.deepEqual(
    happenings(seen).map(({ snapshot }) => snapshot),
    ['none', 'none', 'none'],
  );
});

test('fork reads the child, and the exec that follows is served by one reading', () => {
  const f: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, comm });
  const e: Make = (at, comm) => execed({ at, pid: 5, in: 15, comm });
  scenario('(fe)-----------------|', '0 fe5, 21 end', { events: { f, e } });
});

const fork: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, comm });
const exec: Make = (at, comm) => execed({ at, pid: 5, in: 15, comm });
const exit: Make = (at, comm) => exited({ at, pid: 5, in: 15, comm });

test('a newborn waits to be read, once for its fork and its exec', () => {
  scenario('f-e----------|', '0 f, 2 e, 5 5, 13 end', { events: { f: fork, e: exec }, newborn: 5 });
});

test('a newborn that has ended by then is not read', () => {
  scenario('f-ex|', '0 f, 2 e, 3 x, 4 end', { events: { f: fork, e: exec, x: exit }, newborn: 5 });
  scenario('f-exf------|', '0 f, 2 e, 3 x, 4 f, 9 5, 11 end', {
    events: { f: fork, e: exec, x: exit },
    newborn: 5,
  });
});

test('a newborn that does something is read at once, as the window allows', () => {
  const m = move(5, 15);
  scenario('f-em-m-------------|', '0 f, 2 e, 3 m5, 5 m, 13 5, 19 end', {
    events: { f: fork, e: exec, m },
    newborn: 7,
  });
});

test('of two in one address space the other is read when the one that waits has ended', () => {
  const v: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  scenario('v-x|', '0 v, 2 x, 7 1end', { events: { v, x: exit }, newborn: 5 });
});

test('two pids of one address space cost one reading', () => {
  const v: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  const w = move(5, 11);
  scenario('(vaw)----------------|', '0 vaw5, 21 end', { events: { v, a, w } });
});

test('when the one that acted has gone, another that shares its address space is read', () => {
  const v: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  const w = move(5, 11);
  scenario('v-----------------w--------------|', '0 v51, 18 w51, 33 end', { events: { v, w }, missing: [5] });
});

test('when the one that acted has left by exec, another that shares its address space is read', () => {
  const v: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  const w = move(5, 11);
  // Waiting still; and read already, which may have been of the new image: the exec is told some ms after it was made.
  scenario('v---we-----------------|', '0 v5, 4 w, 5 e1, 10 5, 23 end', { events: { v, w, e: exec } });
  scenario('v--------------w-e-------|', '0 v5, 15 w5, 17 e1, 25 5end', { events: { v, w, e: exec } });
});

test('that two share an address space may be told after one of them acted', () => {
  const v: Make = (at, comm) => forked({ at: at - 2n * MS, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  scenario('wve------------|', '0 w5, 1 v, 2 e1, 10 5, 15 end', { events: { v, w: move(5, 11), e: exec } });
});

test('a zombie was read for all that share its address space: another is read', () => {
  const v: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  const w = move(5, 11);
  const x: Make = (at, comm) => exited({ at, pid: 5, in: 11, comm });
  scenario('v--------------w-x-------|', '0 v5, 15 w5, 17 x1, 25 end', { events: { v, w, x } });
});

test('one that has left by exec is not read for those who stay', () => {
  const v: Make = (at, comm) => forked({ at, pid: 1, in: 11, child: 5, flags: CLONE_VM, comm });
  scenario('(vea)-------|', '0 vea1, 7 5, 12 end', { events: { v, e: exec, a }, newborn: 7 });
});

test('a vanished process is read once and says so', () => {
  const seen = scenario('a-------------|', '0 a1, 14 end', { events: { a }, missing: [1] });
  assert.equal(seen[1]?.kind === 'snapshot' && seen[1].evidence.unread[0]?.why, 'gone');
});

test('the end of the events waits for the readings they asked for', () => {
  scenario('a--(a|)', '0 a, 3 a1, 13 1end', { events: { a }, takes: 3 });
});
