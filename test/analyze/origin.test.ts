import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Piece } from '../../src/analyze/piece.js';
import type { Chapter } from '../../src/model/chapter.js';
import { heard } from '../pipeline/build.js';
import { chapters, type Images, images, recorded } from './dumps.js';
import { dumped, lifeOf, movedThere, restored } from './life.js';
import { at } from './recordings.js';

/** Of which images a restored process is, where two dumps found its vDSO at one place. */

type Made = NonNullable<Parameters<typeof images>[0]>;

const named = ({ piece }: Images, path: string): Piece => ({ ...piece, input: { ...piece.input, path } });

/** Dumped at 1000 and at 3000, and restored at 4000. */
const tellTwo = async (context: TestContext, older: Made, newer: Made): Promise<readonly Chapter[]> => {
  const [first, second] = [
    await images({ clock: 1045, written: 1100, ...older }),
    await images({ clock: 3045, written: 3100, ...newer }),
  ];
  const { pid, place } = first;
  const life = lifeOf(first);
  const remade = lifeOf(first, 4000);
  const recording = await recorded(
    context,
    life.read(10, place),
    ...dumped(pid, 60, 1000),
    ...dumped(pid, 61, 3000),
    life.ends(3060),
    ...restored(pid, 70, 4000, 2, place),
    remade.read(4100, place),
    heard(at(6000)),
  );
  return chapters([recording, named(first, 'older'), named(second, 'newer')], pid);
};

/** Path of the images of which the restored process is said to be. */
const originIn = (told: readonly Chapter[]): readonly (string | undefined)[] =>
  told
    .filter(({ moments }) => moments.some(({ role }) => role === 'after'))
    .map(({ moments }) => moments.find(({ role }) => role === 'dump')?.path);

const doubt = (told: readonly Chapter[]): readonly string[] =>
  told.flatMap(({ conclusion }) => conclusion.filter((one) => one.startsWith('Nothing tells whether')));

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
  const { pid, place } = first;
  const life = lifeOf(first);
  const remade = lifeOf(first, 2000);
  // Restored at 2010: its own clock is 965 behind. The copies are younger than all dumps.
  const second = await images({ ownClock: 3045 - 965, written: 900_000 });
  const recording = await recorded(
    context,
    life.read(10, place),
    ...dumped(pid, 60, 1000),
    life.ends(1060),
    ...restored(pid, 70, 2000, 2, place),
    remade.read(2100, place),
    ...dumped(pid, 71, 3000),
    remade.read(3500, place, [0]),
    ...dumped(pid, 72, 4000),
    heard(at(6000)),
  );
  const pieces = [recording, named(first, 'first'), named(second, 'second')];
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
  const { pid, place } = first;
  const life = lifeOf(first);
  const remade = lifeOf(first, 4000);
  const [away, further] = [0x6100_0000_0000n, 0x6200_0000_0000n];
  const recording = await recorded(
    context,
    ...movedThere(first, 600),
    ...dumped(pid, 60, 1000),
    life.moves(1500, place, away),
    life.read(1600, away),
    life.moves(2000, away, further),
    life.read(2100, further),
    ...dumped(pid, 61, 3000),
    life.ends(3060),
    ...restored(pid, 70, 4000, 2, place),
    remade.read(4100, place),
    ...dumped(pid, 62, 6000),
    heard(at(8000)),
  );
  const pieces = [recording, named(first, '1'), named(second, '2'), named(last, '3')];
  const moves = chapters(pieces, pid).map(
    ({ conclusion }) => conclusion.filter((one) => one.includes(' moved it from ')).length,
  );
  assert.deepEqual(moves, [1, 3, 1]);
});
