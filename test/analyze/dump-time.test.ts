import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Piece } from '../../src/analyze/piece.js';
import type { Chapter } from '../../src/model/chapter.js';
import type { Event } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { called, heard } from '../pipeline/build.js';
import { bundleOf, chapters, images, places, recorded, tell } from './dumps.js';
import { dumped, ELSEWHERE, leftRunning, lifeOf, movedThere, restored } from './life.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, recordingOf, traced } from './recordings.js';

/** What was before a dump, what after it, and of which dump images are: by clocks, starts and places. */

const THIRD = 0x7d00_0000_0000n;

/** Time of day and boot clock as of the machine; what it heard of the time before it began is not in it. */
const begunAt = async (context: TestContext, ms: number, ...list: readonly (Event | Observation)[]): Promise<Piece> =>
  await readPath(fileWith(context, recordingOf(frames(traced, ...list).slice(1), { at: at(ms).toString() })));

const words = (chapter: Chapter | undefined): string => chapter?.conclusion.join('\n') ?? '';

test('images that were copied after another dump are of the dump that their own clock names', async (context) => {
  const image = await images({ clock: 1045, written: 9000 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const told = await tell(
    context,
    [
      life.read(10, place),
      ...dumped(pid, 60, 1000),
      life.read(2010, place, [0]),
      ...dumped(pid, 61, 3000),
      heard(at(5000)),
    ],
    image,
  );
  const [before] = told.moments;
  assert.deepEqual([before?.role, before?.judged.verdict.vdso?.modifiedPages], ['before', []]);
  assert.match(words(told), /^It ran on after the dump: .* pages copied 0,/m);
});

test('images of another boot are not dated by the clock of this one', async (context) => {
  const image = await images({ clock: 3600, written: 1500 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const told = await tell(
    context,
    [life.read(10, place), ...dumped(pid, 60, 1000), ...dumped(pid, 61, 3000), heard(at(5000))],
    image,
  );
  const dump = told.story.findIndex(({ who }) => who.startsWith('dump.log'));
  const second = told.story.findIndex(({ who }) => who === '61 criu');
  assert.ok(dump !== -1 && dump < second);
});

test('what a recording saw of a process that had been dumped and left running is not before that dump', async (context) => {
  const image = await images({ clock: 1000, written: 1010 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const recording = await begunAt(
    context,
    2000,
    life.read(2010, place),
    life.moves(3000, place, ELSEWHERE),
    life.read(3010, ELSEWHERE),
    heard(at(5000)),
  );
  assert.deepEqual(chapters([recording, image.piece], pid).map(places), [[['dump', place]], [['before', ELSEWHERE]]]);
});

test('images without a clock of theirs that were written before a recording began are older than what it saw', async (context) => {
  const image = await images({ written: 1010 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 3000);
  const leftRunning = life.read(2010, ELSEWHERE);
  const restoredLater = remade.read(4010, place);
  const [one, other] = [
    await begunAt(context, 2000, leftRunning, heard(at(5000))),
    await begunAt(context, 4000, restoredLater, heard(at(5000))),
  ];
  assert.deepEqual(chapters([one, image.piece], pid).map(places), [[['dump', place]], [['before', ELSEWHERE]]]);
  assert.deepEqual(chapters([other, image.piece], pid).map(places), [
    [
      ['dump', place],
      ['after', place],
    ],
  ]);
});

test('who began after the images were made is what a restore made of them, whether that was seen or not', async (context) => {
  const image = await images({ clock: 1000, written: 1010 });
  const { pid, place } = image;
  const remade = lifeOf(image, 2000);
  const recording = await begunAt(context, 3000, remade.read(3010, place), heard(at(5000)));
  assert.deepEqual(chapters([recording, image.piece], pid).map(places), [
    [
      ['dump', place],
      ['after', place],
    ],
  ]);
});

test('of two recordings the one that begins after a dump does not tell what was before it', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const first = await recorded(context, life.read(10, place), ...dumped(pid, 60, 1000), heard(at(1500)));
  const second = await begunAt(context, 2000, life.read(2010, ELSEWHERE), heard(at(5000)));
  assert.deepEqual(chapters([first, image.piece, second], pid).map(places), [
    [
      ['before', place],
      ['dump', place],
    ],
    [['before', ELSEWHERE]],
  ]);
});

test('two recordings that saw the same dump are both cut there', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const story = [
    ...movedThere(image, 510),
    ...dumped(pid, 60, 1000),
    life.moves(2000, place, ELSEWHERE),
    life.read(2010, ELSEWHERE),
    heard(at(5000)),
  ];
  const [told, ...more] = chapters(
    [await recorded(context, ...story), image.piece, await recorded(context, ...story)],
    pid,
  );
  assert.ok(told !== undefined && more.length === 0);
  assert.deepEqual(places(told), [
    ['before', place],
    ['before', place],
    ['dump', place],
  ]);
  assert.equal(words(told).match(/moved it from/g)?.length, 1);
});

test('a bundle, which does not tell when it was read, is no better witness of a dump than who saw it', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const bundle = await bundleOf(context, life.read(2500, ELSEWHERE), {
    ms: undefined,
  });
  const recording = await recorded(context, ...leftRunning(image), heard(at(5000)));
  const [told] = chapters([recording, image.piece, bundle], pid);
  assert.equal(told?.main.verdict.vdso?.start, place);
  assert.match(words(told), new RegExp(`^Before the dump its .* at 0x${place.toString(16)} `));
});

test('a CRIU that restores writes nothing: the next one that does makes a dump', async (context) => {
  const image = await images({ written: 4100 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const told = await tell(
    context,
    [
      life.read(10, ELSEWHERE),
      ...dumped(pid, 60, 1000),
      life.ends(1100),
      ...restored(pid, 70, 2000, 2, ELSEWHERE),
      remade.read(2300, ELSEWHERE),
      remade.moves(3000, ELSEWHERE, place),
      remade.read(3010, place),
      ...dumped(pid, 80, 4000),
      remade.moves(5000, place, THIRD),
      remade.read(5010, THIRD),
      heard(at(7000)),
    ],
    image,
  );
  assert.deepEqual(places(told), [
    ['before', ELSEWHERE],
    ['before', place],
    ['dump', place],
  ]);
  assert.doesNotMatch(words(told), /\(criu\)/, 'what the restorer did is no doing of the process');
  assert.match(words(told), /^It ran on after the dump: .* at 0x7d0000000000/m);
});

test('a reading that is older in the file than the call before it still shows what the restore made', async (context) => {
  const image = await images({ written: 1100 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const told = await tell(
    context,
    [
      life.read(10, place),
      ...dumped(pid, 60, 1000),
      life.ends(1100),
      ...restored(pid, 70, 2000, 2, place).slice(0, 3),
      remade.read(2030, place),
      ...restored(pid, 70, 2000, 2, place).slice(3),
      remade.moves(3000, place, ELSEWHERE),
      remade.read(3010, ELSEWHERE),
      heard(at(5000)),
    ],
    image,
  );
  assert.deepEqual(places(told).at(-1), ['after', place]);
});

test('who was restored from older images is no witness of the newer ones', async (context) => {
  const older = await images({ clock: 1045, written: 1100 });
  const { pid, place } = older;
  const life = lifeOf(older);
  const remade = lifeOf(older, 4000);
  const newer = await images({ clock: 3045, written: 3100, at: ELSEWHERE });
  const recording = await recorded(
    context,
    ...leftRunning(older),
    ...dumped(pid, 61, 3000),
    life.ends(3060),
    ...restored(pid, 70, 4000, 2, place),
    remade.read(4100, place),
    heard(at(6000)),
  );
  assert.deepEqual(chapters([recording, newer.piece, older.piece], pid).map(places), [
    [
      ['before', place],
      ['dump', place],
      ['after', place],
    ],
    [
      ['before', ELSEWHERE],
      ['dump', ELSEWHERE],
    ],
  ]);
});

test('where the restorer is not recorded, the first reading after it is what it made', async (context) => {
  const image = await images({ written: 1100 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const told = await tell(
    context,
    [
      life.read(10, place),
      ...dumped(pid, 60, 1000),
      life.ends(1100),
      remade.read(2030, place),
      remade.moves(3000, place, ELSEWHERE),
      remade.read(3010, ELSEWHERE),
      heard(at(5000)),
    ],
    image,
  );
  assert.deepEqual(places(told).at(-1), ['after', place]);
});

test('a real image tells when it was made', async () => {
  const piece = await readPath('test/corpus/cases/moved-block/img');
  assert.equal(piece.criu?.set.clock, 1_308_914_267_202n);
});

test('what was read after a dump, and heard of before it, says nothing of the dump', async (context) => {
  const image = await images();
  const { pid, place, auxv } = image;
  const life = lifeOf(image);
  const first = life.read(10, place);
  const late = life.read(1900, ELSEWHERE);
  const rest = [...dumped(pid, 60, 1800), life.moves(1860, place, ELSEWHERE), heard(at(5000))];
  const read = await tell(context, [first, late, ...rest], image);
  assert.deepEqual(places(read)[0], ['before', place]);
  assert.match(words(read), /^It ran on after the dump: .* at 0x7e0000000000/m);
  const unread = await tell(context, [life.moves(500, auxv, place), late, ...rest], image);
  assert.deepEqual(places(unread), [
    ['before', undefined],
    ['dump', place],
  ]);
  assert.equal(unread.main.verdict.vdso?.start, place);
  assert.match(words(unread), /^Before the dump it was not read\.$/m);
  assert.match(words(unread), new RegExp(`moved it from 0x${auxv.toString(16)} to 0x${place.toString(16)}`));
});

test('what ends a restore is no doing of the process that it made', async (context) => {
  const image = await images({ clock: 1045, written: 1100 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const [fork, , , layout] = restored(pid, 70, 2000, 2, place);
  assert.ok(fork !== undefined && layout !== undefined);
  const own = { vdsoBefore: 0x3000_0000_0000n, vdsoAfter: 0x3000_0000_0000n };
  const emptied = called({
    at: at(2010),
    pid,
    in: 2,
    comm: 'criu',
    call: 'munmap',
    args: [0x1000n, 1n << 46n],
    ...own,
  });
  const parked = called({
    at: at(2012),
    pid,
    in: 2,
    comm: 'criu',
    call: 'arch_prctl',
    args: [0x2003n, 0x2f000n],
    result: 0x2000n,
    vdsoAfter: 0x35000n,
  });
  const unmapped = called({
    at: at(2040),
    pid,
    in: 2,
    call: 'munmap',
    args: [0x10000n, 0x27000n],
    vdsoBefore: 0x35000n,
    vdsoAfter: 0x35000n,
  });
  const told = await tell(
    context,
    [
      life.read(10, place),
      ...dumped(pid, 60, 1000),
      life.ends(1100),
      ...[fork, emptied, parked, layout, unmapped],
      remade.read(2300, place),
      heard(at(4000)),
    ],
    image,
  );
  assert.doesNotMatch(words(told), /unmapped it/);
  assert.ok(told.story.some(({ text }) => /^munmap\(0x10000, .*\(CRIU restoring a process\)$/.test(text)));
});

test('a reading of before a dump that is judged again later says nothing of the time after it', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const seen = life.read(10, place);
  const recording = await recorded(context, seen, ...dumped(pid, 60, 1000), heard(at(3000)));
  const kept = recording.recorded?.lives.find((one) => one.pid === pid);
  assert.ok(kept?.state?.verdict.vdso);
  const { verdict } = kept.state;
  // Its pages are forgotten when they have been looked at.
  kept.state = {
    ...kept.state,
    verdict: { ...verdict, vdso: { ...kept.state.verdict.vdso, modifiedPages: undefined } },
  };
  const [told] = chapters([recording, image.piece], pid);
  assert.deepEqual(told?.moments[0]?.judged.verdict.vdso?.modifiedPages, []);
  assert.doesNotMatch(words(told), /ran on/);
});

test('images that were made in a gap of a recording cut it at their clock', async (context) => {
  const image = await images({ clock: 3000, written: 3010 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const told = await tell(
    context,
    [
      life.read(10, place),
      ...dumped(pid, 60, 1000),
      life.read(2000, place, [0]),
      life.moves(4000, place, ELSEWHERE),
      life.read(4010, ELSEWHERE),
      heard(at(6000)),
    ],
    image,
  );
  const [before] = told.moments;
  assert.deepEqual([before?.role, before?.judged.verdict.vdso?.start], ['before', place]);
  assert.deepEqual(before?.judged.verdict.vdso?.modifiedPages, [0], 'it is no image of the dump that was seen');
  assert.doesNotMatch(words(told), /moved it from/);
  assert.match(words(told), /^It ran on after the dump: .* at 0x7e0000000000 /m);
});

test('a zombie, which has no memory, is no state that another one differs from', async (context) => {
  const image = await images({ clock: 3020, written: 3100 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const seen = life.read(1050, place);
  const { process } = seen.evidence;
  const zombie = { ...seen, evidence: { ...seen.evidence, vmas: [], process: { ...process, state: 'Z' } } };
  const told = await tell(
    context,
    [
      zombie,
      life.ends(1100),
      ...restored(pid, 70, 2000, 2, place),
      remade.read(2100, place),
      ...dumped(pid, 80, 3000),
      heard(at(4000)),
    ],
    image,
  );
  assert.deepEqual(told.differences, []);
});

test('what was read before a last move does not stand for the process as it was dumped', async (context) => {
  const image = await images();
  const { pid, place, auxv } = image;
  const life = lifeOf(image);
  const told = await tell(
    context,
    [life.read(10, auxv), life.moves(990, auxv, place), ...dumped(pid, 60, 1000), life.ends(1050), heard(at(3000))],
    image,
  );
  assert.deepEqual(places(told), [
    ['before', auxv],
    ['dump', place],
  ]);
  assert.equal(told.main.verdict.vdso?.start, place);
  assert.match(words(told), /^Before the dump, at 2026-01-01T01:23:20.010Z, when it was last read, /m);
});
