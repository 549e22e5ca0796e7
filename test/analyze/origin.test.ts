import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Piece } from '../../src/analyze/piece.js';
import type { Chapter } from '../../src/model/chapter.js';
import type { Event } from '../../src/model/event.js';
import { exited, heard, moved } from '../pipeline/build.js';
import { dumped, type Images, images, movedThere, restored, TICKS } from './dumps.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, reading, recordingOf, traced } from './recordings.js';

/** Of which images a restored process is, where two dumps found its vDSO at one place. */

type Made = NonNullable<Parameters<typeof images>[0]>;

const named = ({ piece }: Images, path: string): Piece => ({ ...piece, input: { ...piece.input, path } });

/** Dumped at 1000 and at 3000, and restored at 4000. */
const tellTwo = async (context: TestContext, older: Made, newer: Made): Promise<readonly Chapter[]> => {
  const [first, second] = [
    await images({ clock: 1045, written: 1100, ...older }),
    await images({ clock: 3045, written: 3100, ...newer }),
  ];
  const { pid, place, auxv } = first;
  const list: Event[] = [
    ...dumped(pid, 60, 1000),
    ...dumped(pid, 61, 3000),
    exited({ at: at(3060), pid, in: 1 }),
    ...restored(pid, 70, 4000, 2, place),
  ];
  const recording = recordingOf(
    frames(
      traced,
      reading({ ms: 10, pid, ticks: TICKS, at: place, auxv }),
      ...list,
      reading({ ms: 4100, pid, ticks: TICKS + 400n, at: place, auxv }),
      heard(at(6000)),
    ),
  );
  const pieces = [await readPath(fileWith(context, recording)), named(first, 'older'), named(second, 'newer')];
  return chaptersOf(pieces).filter(({ main }) => main.evidence.process.pid === pid);
};

/** Path of the images of which the restored process is said to be. */
const originIn = (chapters: readonly Chapter[]): readonly (string | undefined)[] =>
  chapters
    .filter(({ moments }) => moments.some(({ role }) => role === 'after'))
    .map(({ moments }) => moments.find(({ role }) => role === 'dump')?.path);

const doubt = (chapters: readonly Chapter[]): readonly string[] =>
  chapters.flatMap(({ conclusion }) => conclusion.filter((one) => one.startsWith('Nothing tells whether')));

test('what a restore log adds to the clock of its images tells when it restored, and so what', async (context) => {
  // Restored at 4010: 1045 and 2965 more.
  const told = await tellTwo(context, { shift: -2965 }, {});
  assert.deepEqual([originIn(told), doubt(told)], [['older'], []]);
  const other = await tellTwo(context, { shift: -500 }, { shift: -965 });
  assert.deepEqual([originIn(other), doubt(other)], [['newer'], []]);
});

test('a restore log without its clock tells by its file, where that is of the time of the restore', async (context) => {
  const told = await tellTwo(context, { logged: 4200 }, {});
  assert.deepEqual([originIn(told), doubt(told)], [['older'], []]);
});

test('where nothing tells of which images it is, that is said', async (context) => {
  const told = await tellTwo(context, { logged: 900_000 }, {});
  assert.deepEqual(originIn(told), ['newer']);
  assert.deepEqual(doubt(told), [
    'Nothing tells whether it was restored from newer or from older; the newest is taken.',
  ]);
});

test('images whose log tells of an earlier restore are not those of a later one', async (context) => {
  const told = await tellTwo(context, { shift: -455 }, {});
  assert.deepEqual([originIn(told), doubt(told)], [['newer'], []]);
});

test('images of a restored process are dated by its own clock and the log of that restore', async (context) => {
  const first = await images({ clock: 1045, written: 900_000, shift: -965 });
  const { pid, place, auxv } = first;
  // Restored at 2010: its own clock is 965 behind. The copies are younger than all dumps.
  const second = await images({ ownClock: 3045 - 965, written: 900_000 });
  const again = (ms: number) => reading({ ms, pid, ticks: TICKS + 200n, at: place, auxv });
  const recording = recordingOf(
    frames(
      traced,
      reading({ ms: 10, pid, ticks: TICKS, at: place, auxv }),
      ...dumped(pid, 60, 1000),
      exited({ at: at(1060), pid, in: 1 }),
      ...restored(pid, 70, 2000, 2, place),
      again(2100),
      ...dumped(pid, 71, 3000),
      reading({ ms: 3500, pid, ticks: TICKS + 200n, at: place, auxv, copied: [0] }),
      ...dumped(pid, 72, 4000),
      heard(at(6000)),
    ),
  );
  const pieces = [await readPath(fileWith(context, recording)), named(first, 'first'), named(second, 'second')];
  const told = chaptersOf(pieces).find(({ moments }) => moments.some(({ path }) => path === 'second'));
  const before = told?.moments.filter(({ role }) => role === 'before').at(-1);
  assert.deepEqual(before?.judged.verdict.vdso?.modifiedPages, [], 'the page was copied after that dump');
});

test('images of two dumps that nobody saw are told one by one, oldest first, and copies together', async () => {
  const [first, second, copy] = [
    await images({ clock: 1045, written: 9000, shift: -2965 }),
    await images({ clock: 3045, written: 3100 }),
    await images({ clock: 1045, written: 9900 }),
  ];
  const pieces = [named(second, 'second'), named(copy, 'copy'), named(first, 'first')];
  assert.deepEqual(
    chaptersOf(pieces).map(({ moments }) => moments.map(({ path }) => path)),
    [['first', 'copy'], ['second']],
  );
});

test('what somebody did after the dump that he was restored from is no past of the restored one', async (context) => {
  const first = await images({ clock: 1045, written: 1100, shift: -2965 });
  const second = await images({ clock: 3045, written: 3100, at: 0x6200_0000_0000n });
  const last = await images({ ownClock: 6045 - 2965, written: 6100 });
  const { pid, place, auxv } = first;
  const [away, further] = [0x6100_0000_0000n, 0x6200_0000_0000n];
  const recording = recordingOf(
    frames(
      traced,
      ...movedThere(first, 600),
      ...dumped(pid, 60, 1000),
      moved({ at: at(1500), pid, in: 1, from: place, to: away }),
      reading({ ms: 1600, pid, ticks: TICKS, at: away, auxv }),
      moved({ at: at(2000), pid, in: 1, from: away, to: further }),
      reading({ ms: 2100, pid, ticks: TICKS, at: further, auxv }),
      ...dumped(pid, 61, 3000),
      exited({ at: at(3060), pid, in: 1 }),
      ...restored(pid, 70, 4000, 2, place),
      reading({ ms: 4100, pid, ticks: TICKS + 400n, at: place, auxv }),
      ...dumped(pid, 62, 6000),
      heard(at(8000)),
    ),
  );
  const pieces = [
    await readPath(fileWith(context, recording)),
    named(first, '1'),
    named(second, '2'),
    named(last, '3'),
  ];
  const moves = chaptersOf(pieces)
    .filter(({ main }) => main.evidence.process.pid === pid)
    .map(({ conclusion }) => conclusion.filter((one) => one.includes(' moved it from ')).length);
  assert.deepEqual(moves, [1, 3, 1]);
});
