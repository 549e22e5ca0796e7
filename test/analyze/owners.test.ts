import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Event } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { called, exited, forked, heard, MS, moved, T0 } from '../pipeline/build.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, reading, recordingOf, traced } from './recordings.js';

/**
 * A pid is given again within milliseconds by a restore, and rings keep no order among CPUs: /proc may show the new
 * owner before the end of the old one, or the fork, has been heard of.
 */

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const TICKS = T0 / (10n * MS);

const end: Event = exited({ at: at(2000), pid: 7, in: 7 });
const fork: Event = forked({ at: at(2040), pid: 6, in: 6, child: 7 });
const done: Event = called({ at: at(2050), pid: 7, in: 70, call: 'mprotect', args: [A, 0x2000n, 5n] });
const seen: Observation = reading({ ms: 2060, pid: 7, ticks: TICKS + 204n, at: A });
const again: Observation = reading({ ms: 2100, pid: 7, ticks: TICKS + 204n, at: A });

const livesOf = async (file: string) => {
  const { recorded } = await readPath(file);
  return (recorded?.lives ?? [])
    .filter(({ pid }) => pid === 7)
    .map(({ startTicks, born, ended, parent, lines, deeds }) => ({
      startTicks,
      born: born?.at,
      ended: ended?.at,
      parent: parent?.pid,
      lines: new Set(lines.map(({ line }) => line.at)),
      deeds: deeds.map((deed) => deed.at),
    }));
};

test('an end, a fork and a reading of who got the pid next tell of two processes in any order', async (context) => {
  const late = moved({ at: at(1990), pid: 7, in: 7, from: A, to: B });
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([late, end, fork, done, seen], { minLength: 5 }), async (order) => {
      // What one process does comes in its order: one CPU at a time has it, and each ring keeps its own.
      const [ended, did] = [order.indexOf(end), order.indexOf(done)];
      fc.pre(order.indexOf(late) < ended && (ended < did || order.indexOf(fork) < did));
      const list = [
        traced,
        reading({ ms: 10, pid: 7, ticks: TICKS, at: A }),
        ...order,
        again,
        exited({ at: at(3000), pid: 7, in: 70 }),
        heard(at(5000)),
      ];
      const lives = await livesOf(fileWith(context, recordingOf(frames(...list))));
      assert.deepEqual(
        lives.map(({ lines, ...rest }) => rest),
        [
          { startTicks: TICKS, born: undefined, ended: at(2000), parent: undefined, deeds: [at(1990)] },
          { startTicks: TICKS + 204n, born: at(2040), ended: at(3000), parent: 6, deeds: [] },
        ],
      );
      const [first, second] = lives;
      for (const own of [at(1990), at(2000)]) assert.ok(first?.lines.has(own) && !second?.lines.has(own));
      for (const own of [at(2040), at(2050), at(3000)]) assert.ok(second?.lines.has(own) && !first?.lines.has(own));
    }),
    { numRuns: 30 },
  );
});

test('what a restorer does before its fork is heard of is no doing of the process that was dumped', async (context) => {
  const unmapped: Event = called({
    at: at(2050),
    pid: 7,
    in: 70,
    comm: 'criu',
    call: 'munmap',
    args: [0x1000n, 1n << 47n],
    vdsoBefore: A,
    vdsoAfter: A,
  });
  const list = [
    traced,
    reading({ ms: 10, pid: 7, ticks: TICKS, at: A }),
    moved({ at: at(1990), pid: 7, in: 7, from: A, to: B }),
    end,
    unmapped,
    fork,
    seen,
    again,
    heard(at(5000)),
  ];
  const lives = await livesOf(fileWith(context, recordingOf(frames(...list))));
  assert.deepEqual(
    lives.map(({ born, deeds, lines }) => [born, deeds, lines.has(at(2050))]),
    [
      [undefined, [at(1990)], false],
      [at(2040), [at(2050)], true],
    ],
  );
});

test('a fork that comes after its child has ended, and another has the pid, makes nobody', async (context) => {
  const list = [
    traced,
    reading({ ms: 3100, pid: 7, ticks: TICKS + 300n, at: A }),
    fork,
    reading({ ms: 3200, pid: 7, ticks: TICKS + 300n, at: A }),
    heard(at(5000)),
  ];
  const lives = await livesOf(fileWith(context, recordingOf(frames(...list))));
  assert.deepEqual(
    lives.map(({ startTicks, born, parent }) => [startTicks, born, parent]),
    [[TICKS + 300n, undefined, undefined]],
  );
});

test('a reading of a former owner that comes behind one of the next owner makes a third one', async (context) => {
  const list = [
    traced,
    reading({ ms: 10, pid: 7, ticks: TICKS, at: A }),
    end,
    seen,
    reading({ ms: 1990, pid: 7, ticks: TICKS, at: B }),
    again,
    heard(at(5000)),
  ];
  const lives = await livesOf(fileWith(context, recordingOf(frames(...list))));
  assert.deepEqual(
    lives.map(({ startTicks }) => startTicks),
    [TICKS, TICKS + 204n],
  );
});

test('a reading of the former owner, in the frame in which the pid was given again, makes a third one', async (context) => {
  const former = reading({ ms: 1980, pid: 7, ticks: TICKS, at: A });
  const [, ended, born] = frames(traced, end, fork).map(({ observations: [one] }) => one);
  assert.ok(ended !== undefined && born !== undefined);
  const list = [
    ...frames(traced),
    { observations: [former, ended, born, seen], at: at(2060) },
    ...frames(again, heard(at(5000))),
  ];
  const lives = await livesOf(fileWith(context, recordingOf(list)));
  assert.deepEqual(
    lives.filter(({ born }) => born !== undefined).map(({ startTicks, born }) => [startTicks, born]),
    [[TICKS + 204n, at(2040)]],
  );
});
