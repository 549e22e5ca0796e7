import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { from, lastValueFrom } from 'rxjs';
import { follow } from '../../src/analyze/recording/follow.js';
import type { Life } from '../../src/analyze/recording/life.js';
import { LINES } from '../../src/analyze/recording/lines.js';
import { judge } from '../../src/judge/judge.js';
import type { Event } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { openDecoder } from '../../src/trace/decoder.js';
import type { LineReader } from '../../src/trace/items.js';
import { recorded } from '../../src/trace/recorded.js';
import { openReplay } from '../../src/trace/replay-frames.js';
import { type Content, openRuns, sorted } from '../../src/trace/runs.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { called, execed, exited, forked, happened, heard, MS, moved, T0, VFORK } from '../pipeline/build.js';
import { header, readPieces, textRecorder } from '../trace/recording.js';
import { at, OFFSET, reading, traced } from './recordings.js';

/** Passing over the middle of a run of moves must not change what is told of anybody. */

/** A recording as a live run writes it, with the lines that were said. */
const record = async (list: readonly (readonly Observation[])[]): Promise<string> => {
  const recorder = textRecorder({ ...header, at: T0.toString(), offset: OFFSET.toString() });
  await lastValueFrom(from(list).pipe(recorded(recorder, () => OFFSET, { judge, host: header.host })));
  return recorder.text();
};

interface Told {
  readonly lives: readonly Life[];
  readonly events: number;
  /** Events that were read. */
  readonly read: number;
}

const tell = <T extends Content>(text: string, reader: LineReader<T>, size?: number): Told => {
  const replay = openReplay();
  const follower = follow('4.2', () => true);
  let [events, read] = [0, 0];
  for (const item of readPieces(reader, Buffer.from(text, 'latin1'), size)) {
    if (item.kind !== 'frame') {
      replay(item);
      continue;
    }
    const { observations, passed } = sorted(item.frame.content);
    for (const { count } of passed.values()) events += count;
    read += observations.filter(({ kind }) => kind === 'event').length;
    const replayed = replay({ kind: 'frame', frame: { ...item.frame, content: observations } });
    if (replayed !== undefined) follower.take(replayed, observations, passed);
  }
  return { lives: follower.end().lives, events: events + read, read };
};

const whole = (text: string): Told => tell(text, openDecoder());
const inRuns = (text: string, size?: number): Told => tell(text, openRuns(openDecoder(), LINES), size);

/** More than the state keeps moves. */
const PLACES = Array.from({ length: 8 }, (_, index) => 0x7f00_0000_0000n - BigInt(index) * 0x100_0000_0000n);
const PIDS = [7, 8, 9] as const;
/** Most is done by one. */
const pid = fc.constantFrom(7, 7, 7, ...PIDS);
const RWX = 7n;

type Step =
  | { readonly do: 'moves'; readonly pid: number; readonly count: number }
  | {
      readonly do: 'read' | 'fork' | 'vfork' | 'exec' | 'exit' | 'protect' | 'kernel-lies';
      readonly pid: number;
    }
  /** Of events that happened before it some come after it: so many moves, or none are seen in it. */
  | { readonly do: 'read-ahead'; readonly pid: number; readonly by: number; readonly moves: number | 'still' }
  /** Nothing happens but a heartbeat at its end: what was waited for has come, or will not come. */
  | { readonly do: 'pause'; readonly ms: number }
  | { readonly do: 'gap' | 'heartbeat' | 'frame' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('moves' as const), pid, count: fc.integer({ min: 1, max: 90 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), pid }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('read-ahead' as const),
        pid,
        by: fc.constantFrom(3, 30, 400),
        moves: fc.oneof(fc.constant('still' as const), fc.nat(12)),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('pause' as const), ms: fc.constantFrom(100, 350, 350, 2500) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom(...(['fork', 'vfork', 'exec', 'exit', 'protect', 'kernel-lies'] as const)),
        pid,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom(...(['gap', 'heartbeat'] as const)) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('frame' as const) }) },
  ),
  { maxLength: 50 },
);

interface Living {
  /** Which of the places its vDSO is at. */
  place: number;
  /** ctx_id of its address space. */
  context: number;
  readonly ticks: bigint;
}

/** What two processes do, and those that they fork, as the pipeline is given it. */
const played = (list: readonly Step[]): readonly (readonly Observation[])[] => {
  const frames: Observation[][] = [[traced]];
  const living = new Map<number, Living>(
    PIDS.slice(0, 2).map((one) => [one, { place: 0, context: one, ticks: T0 / (10n * MS) - 100n }]),
  );
  const start = PLACES[0] ?? 0n;
  let ms = 1;
  let context = 100;
  /** Of this frame: the kernel does not give a pid again at once. */
  const gone = new Set<number>();
  const put = (event: Event): void => {
    frames.at(-1)?.push(happened(event));
  };
  for (const step of list) {
    ms += 1;
    if (step.do === 'pause') {
      ms += step.ms;
      frames.push([heard(at(ms))], []);
    }
    if (step.do === 'frame') frames.push([]);
    if (step.do === 'frame' || step.do === 'pause') gone.clear();
    if (step.do === 'heartbeat') frames.at(-1)?.push(heard(at(ms)));
    if (step.do === 'gap') put({ kind: 'gap', at: at(ms), from: at(ms - 1), cause: 'lost', lost: 3n });
    const one = 'pid' in step ? living.get(step.pid) : undefined;
    if (!('pid' in step) || one === undefined) continue;
    const who = { at: at(ms), pid: step.pid, in: one.context };
    const here = PLACES[one.place] ?? 0n;
    switch (step.do) {
      case 'moves':
        for (let count = 0; count < step.count; count++) {
          const [from = 0n, to = 0n] = [PLACES[one.place], PLACES[(one.place + 1) % PLACES.length]];
          put(moved({ ...who, at: at(ms) + BigInt(count), from, to }));
          one.place = (one.place + 1) % PLACES.length;
        }
        break;
      case 'read-ahead':
        frames.at(-1)?.push(
          reading({
            ms: ms + step.by,
            pid: step.pid,
            ticks: one.ticks,
            at: step.moves === 'still' ? start : (PLACES[(one.place + step.moves) % PLACES.length] ?? start),
            auxv: start,
          }),
        );
        break;
      case 'read':
        frames.at(-1)?.push(reading({ ms, pid: step.pid, ticks: one.ticks, at: here, auxv: start }));
        break;
      case 'fork':
      case 'vfork': {
        const child = PIDS.find((other) => !living.has(other) && !gone.has(other));
        if (child === undefined) break;
        const shares = step.do === 'vfork';
        put(forked({ ...who, child, ...(shares ? { flags: VFORK } : {}) }));
        context += 1;
        living.set(child, { place: one.place, context: shares ? one.context : context, ticks: at(ms) / (10n * MS) });
        break;
      }
      case 'exec':
        context += 1;
        one.context = context;
        one.place = 0;
        put(execed({ ...who, in: context, vdso: start }));
        break;
      case 'exit':
        put(exited(who));
        living.delete(step.pid);
        gone.add(step.pid);
        break;
      case 'protect':
        put(called({ ...who, call: 'mprotect', args: [here, 0x2000n, RWX], vdsoBefore: here, vdsoAfter: here }));
        break;
      case 'kernel-lies':
        put(moved({ ...who, from: here, to: here }));
        break;
    }
  }
  return frames.filter((frame) => frame.length > 0);
};

/**
 * A move that is read at the end of its run comes behind a finding of before, as its time says; a story puts its lines
 * in order by that. Where lines are left out, one or the other may be.
 */
const comparable = ({ lines, ...life }: Life) => ({
  ...life,
  heirOf: life.heirOf?.pid,
  lines:
    life.leftOut > 0
      ? lines.length
      : lines
          .map(({ line, time }) => ({ ...line, time }))
          .sort((a, b) => Number(a.time - b.time) || (a.text < b.text ? -1 : 1)),
});

test('what is told of a recording does not depend on the moves that are passed over', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 400, max: 1 << 20 }), async (list, size) => {
      const text = await record(played(list));
      const [all, some] = [whole(text), inRuns(text, size)];
      assert.deepEqual(some.lives.map(comparable), all.lives.map(comparable));
      assert.equal(some.events, all.events);
    }),
    { numRuns: fuzzRuns(60) },
  );
});

const TOLD_OTHERWISE: readonly (readonly [string, readonly Step[]])[] = [
  [
    'the first moves after an exec, of which a reading of before made the ones in front no deeds',
    [
      { do: 'read-ahead', pid: 7, by: 30, moves: 0 },
      { do: 'frame' },
      { do: 'exec', pid: 7 },
      { do: 'moves', pid: 7, count: 2 },
      { do: 'frame' },
      { do: 'moves', pid: 7, count: 5 },
    ],
  ],
  [
    'moves in an address space that a vforked child left in the next frame',
    [{ do: 'vfork', pid: 7 }, { do: 'moves', pid: 7, count: 3 }, { do: 'frame' }, { do: 'exec', pid: 7 }],
  ],
  [
    'moves of a vforked child, and a reading that comes ahead of them',
    [
      { do: 'vfork', pid: 8 },
      { do: 'read-ahead', pid: 8, by: 3, moves: 'still' },
      { do: 'moves', pid: 9, count: 3 },
      { do: 'pause', ms: 2500 },
    ],
  ],
  [
    'moves of before a vfork, which gave the child a pid that another process had',
    [{ do: 'moves', pid: 8, count: 3 }, { do: 'exit', pid: 7 }, { do: 'frame' }, { do: 'vfork', pid: 8 }],
  ],
  [
    'moves in an address space of which a former owner of a pid was a member',
    [
      { do: 'vfork', pid: 7 },
      { do: 'exit', pid: 7 },
      { do: 'frame' },
      { do: 'fork', pid: 8 },
      { do: 'moves', pid: 7, count: 3 },
      { do: 'moves', pid: 9, count: 1 },
    ],
  ],
];

for (const [what, list] of TOLD_OTHERWISE)
  test(`was told otherwise where moves were passed over: ${what}`, async () => {
    const text = await record(played(list));
    const [all, some] = [whole(text), inRuns(text, 400)];
    assert.deepEqual(some.lives.map(comparable), all.lives.map(comparable));
  });

test('of a thousand moves in one frame five are read', async () => {
  const text = await record(played([{ do: 'moves', pid: 7, count: 1000 }]));
  const { events, read } = inRuns(text);
  assert.deepEqual([events, read], [1001, 6]);
  assert.equal(whole(text).read, 1001);
});

/** Readings ahead of the moves, as of a loaded machine; the one that is read shows the vDSO where it was. */
const lagging = (stays: boolean): readonly Step[] => {
  const moves: Step = { do: 'moves', pid: 7, count: 20 };
  const frame: Step = { do: 'frame' };
  const round: readonly Step[] = [
    { do: 'read-ahead', pid: 7, by: 100, moves: stays ? 'still' : 9 },
    ...[moves, frame, moves, frame, moves, frame],
  ];
  return [{ do: 'read', pid: 7 }, frame, moves, { do: 'pause', ms: 350 }, ...round, ...round, ...round, frame];
};

test('late moves are read while they may change what is said, and then no more', async () => {
  const told = [true, false].map(async (stays) => {
    const text = await record(played(lagging(stays)));
    const [all, some] = [whole(text), inRuns(text)];
    assert.deepEqual(some.lives.map(comparable), all.lives.map(comparable));
    return some.read;
  });
  const [stays = 0, goes = 0] = await Promise.all(told);
  assert.ok(stays < goes / 2, `${stays} of 200 moves were read, and ${goes}`);
});

test('what was done before an exec takes no place from what was done after it', async () => {
  const text = await record(
    played([
      { do: 'read-ahead', pid: 7, by: 3, moves: 'still' },
      { do: 'moves', pid: 7, count: 1 },
      { do: 'frame' },
      { do: 'exec', pid: 7 },
      { do: 'moves', pid: 7, count: 4 },
    ]),
  );
  for (const { lives } of [whole(text), inRuns(text)]) {
    const [life] = lives;
    assert.equal(life?.done, 4);
    assert.deepEqual(
      life.deeds.map(({ context }) => context),
      [101n, 101n, 101n, 101n],
    );
  }
});
