import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaptersOf, hostProblems } from '../../src/analyze/join/chapters.js';
import type { Piece } from '../../src/analyze/piece.js';
import { heard } from '../pipeline/build.js';
import { bundleOf, chapters, images, places, recorded } from './dumps.js';
import { dumped, ELSEWHERE, lifeOf, movedThere, restored, TICKS } from './life.js';
import { at, OFFSET, reading } from './recordings.js';

/** A bundle that says when it was read is before or after a dump, whatever the order of the arguments. */

test('a bundle of a process that a dump had left running is not before that dump', async (context) => {
  const image = await images({ clock: 1000, written: 1010 });
  const { pid, place } = image;
  const life = lifeOf(image);
  const before = await bundleOf(context, life.read(500, place), { ms: 500 });
  const later = await bundleOf(context, life.read(2000, ELSEWHERE), { ms: 2000 });
  for (const pieces of [
    [before, image.piece, later],
    [later, before, image.piece],
    [later, image.piece, before],
  ]) {
    const [dump, left, ...more] = chapters(pieces, pid);
    assert.ok(dump !== undefined && left !== undefined && more.length === 0);
    assert.deepEqual(places(dump), [
      ['before', place],
      ['dump', place],
    ]);
    assert.deepEqual(places(left), [['before', ELSEWHERE]]);
    assert.match(
      left.conclusion[0] ?? '',
      /^This is later than the dump in moved-block\/img, which left it running\.$/,
    );
    assert.match(
      left.conclusion[1] ?? '',
      /^At 2026-01-01T01:23:22\.000Z, when it was captured, its .* 0x7e0000000000 /,
    );
    assert.equal(left.moments[0]?.time, at(2000) + OFFSET);
  }
});

test('a bundle between two dumps is before the second, and says nothing of the first', async (context) => {
  const first = await images({ clock: 1000, written: 1010 });
  const { pid, place } = first;
  const life = lifeOf(first);
  const second = await images({ clock: 3000, written: 3010, at: ELSEWHERE });
  const between = await bundleOf(context, life.read(2000, ELSEWHERE), { ms: 2000 });
  assert.deepEqual(chapters([between, second.piece, first.piece], pid).map(places), [
    [['dump', place]],
    [
      ['before', ELSEWHERE],
      ['dump', ELSEWHERE],
    ],
  ]);
});

test('a bundle between a restore and the next dump is before that one, and what was before the restore is not', async (context) => {
  const first = await images({ clock: 1000, written: 1010, shift: -1000 });
  const { pid, place } = first;
  const life = lifeOf(first);
  const remade = lifeOf(first, 2000);
  // Restored at 2000; dumped again at 4000.
  const second = await images({ ownClock: 3000, written: 4010, at: ELSEWHERE });
  const written = life.read(500, place, [1]);
  const [old, between] = [
    await bundleOf(context, written, { ms: 500 }),
    await bundleOf(context, remade.read(3900, ELSEWHERE), { ms: 3900 }),
  ];
  for (const pieces of [
    [old, between, first.piece, second.piece],
    [second.piece, between, first.piece, old],
  ]) {
    const told = chapters(pieces, pid);
    assert.deepEqual(told.map(places), [
      [
        ['before', place],
        ['dump', place],
        ['after', ELSEWHERE],
      ],
      [
        ['before', place],
        ['before', ELSEWHERE],
        ['dump', ELSEWHERE],
      ],
    ]);
    const [, again] = told;
    assert.ok(again !== undefined);
    assert.ok(!again.main.verdict.findings.some(({ code }) => code === 'page-modified'));
    assert.deepEqual(again.differences, []);
  }
});

test('a bundle of a restored process is after its dump, named before the images or behind them', async (context) => {
  const image = await images({ clock: 1000, written: 1010 });
  const { pid, place } = image;
  const remade = lifeOf(image, 2000);
  const after = await bundleOf(context, remade.read(3000, place), { ms: 3000 });
  for (const pieces of [
    [after, image.piece],
    [image.piece, after],
  ])
    assert.deepEqual(chapters(pieces, pid).map(places), [
      [
        ['dump', place],
        ['after', place],
      ],
    ]);
});

test('a bundle and a recording of a dump are told by one clock', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const list = [
    ...movedThere(image, 600),
    ...dumped(pid, 60, 1000),
    life.ends(1100),
    ...restored(pid, 70, 2000, 2, place),
    remade.read(2100, place),
    heard(at(5000)),
  ];
  const recording = await recorded(context, ...list);
  const [early, late] = [
    await bundleOf(context, life.read(700, place), { ms: 700 }),
    await bundleOf(context, remade.read(4000, ELSEWHERE), { ms: 4000 }),
  ];
  const [told, ...more] = chapters([late, early, image.piece, recording], pid);
  assert.ok(told !== undefined && more.length === 0);
  assert.deepEqual(places(told), [
    ['before', place],
    ['before', place],
    ['dump', place],
    ['after', place],
    ['after', ELSEWHERE],
  ]);
  const times = told.story.flatMap(({ time }) => time ?? []);
  assert.deepEqual(times, [...times].sort(), 'the story goes by time');
});

test('a process of another boot with the same pid and start is another one', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const seen = life.read(500, place);
  const elsewhere = reading({ ms: 900, pid, ticks: TICKS, at: ELSEWHERE, auxv: ELSEWHERE });
  const one = await bundleOf(context, seen, { ms: 500, boot: 'one' });
  const other = await bundleOf(context, elsewhere, { ms: 900, boot: 'other' });
  assert.equal(chapters([one, other], pid).length, 2);
  assert.match(hostProblems([one, other])[0]?.text ?? '', /different hosts or boots/);
  const same = await bundleOf(context, life.read(900, ELSEWHERE), { ms: 900, boot: 'one' });
  assert.equal(chapters([one, same], pid).length, 1);
});

test('a bundle of a process that a recording saw restored is after the restore, without any images', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const remade = lifeOf(image, 2000);
  const recording = await recorded(
    context,
    ...restored(pid, 70, 2000, 2, place),
    remade.read(2100, place),
    heard(at(5000)),
  );
  const bundle = await bundleOf(context, remade.read(4000, place), { ms: 4000 });
  const [told, ...more] = chapters([bundle, recording], pid);
  assert.ok(told !== undefined && more.length === 0);
  assert.deepEqual(
    told.moments.map(({ role }) => role),
    ['after', 'after'],
  );
  assert.doesNotMatch(told.conclusion.join('\n'), /^Before the dump/m);
});

test('what was restored in a pid namespace has its pid inside, and is the one of its images', async (context) => {
  const image = await images({ clock: 1000, written: 1010 });
  const { pid, place } = image;
  const { auxv, process } = image.piece.judged[0]?.evidence ?? {};
  assert.ok(process?.comm !== undefined);
  const { comm } = process;
  const bundle = async (ms: number, seen: Partial<Parameters<typeof reading>[0]>): Promise<Piece> => {
    const piece = await bundleOf(context, reading({ ms, pid, ticks: TICKS, at: place, comm, ...seen }), { ms });
    return { ...piece, judged: piece.judged.map((one) => ({ ...one, evidence: { ...one.evidence, auxv } })) };
  };
  const before = await bundle(500, {});
  const after = await bundle(3000, { pid: 31_337, ticks: TICKS + 200n, inside: pid });
  // It has the same auxv.
  const child = await bundle(3000, { pid: 31_338, ticks: TICKS + 200n, inside: pid + 1 });
  const roles = (pieces: readonly Piece[]) => chaptersOf(pieces).map(({ moments }) => moments.map(({ role }) => role));
  assert.deepEqual(roles([child, after, image.piece, before]), [['before'], ['before', 'dump', 'after']]);
  assert.deepEqual(
    roles([child, after, image.piece]).map((one) => one.includes('dump')),
    [false, true],
    'of two that have the auxv of the images',
  );
});
