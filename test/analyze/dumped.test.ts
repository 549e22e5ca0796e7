import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Piece } from '../../src/analyze/piece.js';
import { readLog } from '../../src/criu/log/read.js';
import type { Event, PokeEvent } from '../../src/model/event.js';
import { called, exited, forked, heard } from '../pipeline/build.js';
import { chapters, images, places, recorded, tell } from './dumps.js';
import { dumped, ELSEWHERE, leftRunning, lifeOf, mapSet, TICKS } from './life.js';
import { at, reading } from './recordings.js';

/** A dump may leave the process running (--leave-running), and a restored process may be dumped again. */

test('what a process did after a dump that left it running is not held against the images', async (context) => {
  const image = await images();
  const { place } = image;
  const told = await tell(context, [...leftRunning(image), heard(at(4000))], image);
  assert.deepEqual(places(told), [
    ['before', place],
    ['dump', place],
  ]);
  assert.deepEqual(
    told.choices.filter(({ right }) => !right),
    [],
  );
  assert.ok(!told.main.verdict.findings.some(({ code }) => code === 'choice-wrong'));
  const words = told.conclusion.join('\n');
  assert.match(
    words,
    /^It ran on after the dump: at \S+T01:23:22\.010Z, when it was last read, its .* at 0x7e0000000000/m,
  );
  assert.doesNotMatch(words, /moved it/);
  const who = told.story.map((line) => line.who.replace(/:\d+$/, ''));
  const move = told.story.findIndex(({ text }) => text.startsWith('mremap'));
  assert.ok(who.lastIndexOf('dump.log') < move, 'the move is told after the dump');
});

test('of two dumps of one process the images are of the one that found the vDSO where they have it', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const told = await tell(
    context,
    [...leftRunning(image), ...dumped(pid, 61, 3000), life.ends(3100), heard(at(5000))],
    image,
  );
  assert.deepEqual(places(told), [
    ['before', place],
    ['dump', place],
  ]);
});

test('a move right before a dump is in it, though the first reading comes later', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const told = await tell(
    context,
    [
      life.read(10, ELSEWHERE),
      life.moves(990, ELSEWHERE, place),
      ...dumped(pid, 60, 1000),
      life.read(1100, place),
      heard(at(4000)),
    ],
    image,
  );
  assert.deepEqual(places(told)[0], ['before', place]);
  assert.match(told.conclusion.join('\n'), /moved it from 0x7e0000000000 to/);
});

test('a process that was dumped, restored and dumped again was before the second dump what the restore had made', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 2000);
  const told = await tell(
    context,
    [
      life.read(10, ELSEWHERE),
      ...dumped(pid, 60, 1000),
      life.ends(1100),
      forked({ at: at(2000), pid: 70, in: 70, child: pid, comm: 'criu' }),
      called({ at: at(2100), pid, in: 2, comm: 'criu', call: 'munmap', args: [0x1000n, 1n << 46n] }),
      mapSet(pid, 2200, 2),
      ...dumped(pid, 70, 2210),
      remade.read(2300, ELSEWHERE),
      remade.moves(3000, ELSEWHERE, place),
      remade.read(3010, place),
      ...dumped(pid, 80, 4000),
      remade.ends(4100),
      heard(at(6000)),
    ],
    image,
  );
  assert.deepEqual(places(told), [
    ['before', ELSEWHERE],
    ['before', place],
    ['dump', place],
  ]);
  assert.equal(told.main.verdict.vdso?.start, place);
});

test('who was restored from the images of a later dump is no witness against those of an earlier one', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const remade = lifeOf(image, 4000);
  const recording = await recorded(
    context,
    ...leftRunning(image),
    ...dumped(pid, 61, 3000),
    life.ends(3100),
    forked({ at: at(4000), pid: 70, in: 70, child: pid, comm: 'criu' }),
    remade.read(4300, ELSEWHERE),
    heard(at(6000)),
  );
  const [first, second, ...more] = chapters([recording, image.piece], pid);
  assert.ok(first !== undefined && second !== undefined && more.length === 0);
  assert.deepEqual(places(first), [
    ['before', place],
    ['dump', place],
  ]);
  assert.deepEqual(
    second.moments.map(({ role, judged }) => [role, judged.evidence.process.startTicks]),
    [['before', TICKS + 400n]],
  );
});

test('what a restored process writes anew is not what the restore kept', async (context) => {
  const [pid, place] = [7, ELSEWHERE];
  const [life, remade] = [lifeOf({ pid, auxv: place }), lifeOf({ pid, auxv: place }, 2000)];
  const recording = await recorded(
    context,
    life.read(10, place),
    called({ at: at(100), pid, in: 1, call: 'mprotect', args: [place, 0x2000n, 7n] }),
    life.read(110, place, [0]),
    life.ends(1100),
    forked({ at: at(2000), pid: 70, in: 70, child: pid, comm: 'criu' }),
    called({ at: at(2100), pid, in: 2, comm: 'criu', call: 'munmap', args: [0x1000n, 1n << 46n] }),
    mapSet(pid, 2200, 2),
    remade.read(2300, place),
    called({ at: at(3000), pid, in: 2, call: 'mprotect', args: [place, 0x2000n, 7n] }),
    remade.read(3010, place, [0]),
    heard(at(6000)),
  );
  const [told] = chaptersOf([recording]);
  assert.ok(told?.main.verdict.findings.some(({ code }) => code === 'content-lost'));
  assert.match(
    told?.conclusion.join('\n') ?? '',
    /^It ran on after the restore: at \S+T01:23:23\.010Z, .* pages copied 0,/m,
  );
});

test('calls that write word by word are one line of the story', async (context) => {
  const image = await images();
  const { pid, place } = image;
  const life = lifeOf(image);
  const told = await tell(context, [life.read(10, place), ...dumped(pid, 60, 1000), ...dumped(pid, 61, 2000)], image);
  assert.deepEqual(
    told.story.flatMap(({ who, text }) => (who.endsWith('criu') ? `${who}: ${text}` : [])),
    [60, 61].map(
      (criu) =>
        `${criu} criu: ptrace poke at 0x400000 into process ${pid} (puppet) = 0, and 1 more calls until 01:23:2${criu - 59}.040Z`,
    ),
  );
});

test('a process of a container is restored under another pid of ours: it is the same by its pid inside', async (context) => {
  const [init, other] = [{ inside: 1 }, { inside: 7 }].map((one) => ({ ...one, auxv: ELSEWHERE, at: ELSEWHERE }));
  assert.ok(init !== undefined && other !== undefined);
  const recording = await recorded(
    context,
    reading({ ms: 10, pid: 500, ticks: TICKS, ...init }),
    // A shell that it forked: the same auxv.
    reading({ ms: 11, pid: 507, ticks: TICKS + 1n, ...other }),
    exited({ at: at(1000), pid: 507, in: 2 }),
    exited({ at: at(1001), pid: 500, in: 1 }),
    reading({ ms: 2000, pid: 620, ticks: TICKS + 200n, ...init }),
    reading({ ms: 2001, pid: 621, ticks: TICKS + 200n, ...other }),
    heard(at(6000)),
  );
  assert.deepEqual(
    chaptersOf([recording]).map(({ moments }) =>
      moments.map(({ role, judged }) => [role, judged.evidence.process.pid]),
    ),
    [
      [
        ['before', 500],
        ['after', 620],
      ],
      [
        ['before', 507],
        ['after', 621],
      ],
    ],
  );
});

test('where no reading tells its pid inside, the restore log of the images tells which pid of ours it has', async (context) => {
  const { piece, pid, place, auxv } = await images({ clock: 1045, written: 1100 });
  const life = lifeOf({ pid, auxv });
  const { criu } = piece;
  assert.ok(criu?.logs.restore !== undefined);
  const { findings } = readLog(`(00.216445) PID: real 620 virt ${pid}\n`);
  const restore = { ...criu.logs.restore, findings };
  const told = { ...piece, criu: { ...criu, logs: { ...criu.logs, restore } } };
  const recording = await recorded(
    context,
    life.read(10, place),
    ...dumped(pid, 60, 1000),
    life.ends(1100),
    lifeOf({ pid: 620, auxv }, 2000).read(2000, place),
    heard(at(6000)),
  );
  const pids = (images: Piece): number[][] =>
    chaptersOf([recording, images]).map(({ moments }) => moments.map(({ judged }) => judged.evidence.process.pid));
  assert.deepEqual(pids(told), [[pid, pid, 620]]);
  assert.deepEqual(pids(piece), [[pid, pid], [620]]);
});

test('two processes that live at the same time are no two lives of one', async (context) => {
  const recording = await recorded(
    context,
    reading({ ms: 10, pid: 500, ticks: TICKS, at: ELSEWHERE, inside: 1 }),
    // Forked into a pid namespace below.
    reading({ ms: 500, pid: 507, ticks: TICKS + 50n, at: ELSEWHERE, inside: 1 }),
    exited({ at: at(1000), pid: 500, in: 1 }),
    heard(at(6000)),
  );
  assert.equal(chaptersOf([recording]).length, 2);
});

test('what a debugger writes, or CRIU by another way than its parasite, is no dump', async (context) => {
  const poke = (changes: Partial<PokeEvent>): readonly Event[] =>
    dumped(500, 60, 1000).map((event) => ({ ...event, ...changes }) as Event);
  const dumpsIn = async (list: readonly Event[]): Promise<number | undefined> => {
    const first = reading({ ms: 10, pid: 500, ticks: TICKS, at: ELSEWHERE });
    const { recorded: told } = await recorded(context, first, ...list, heard(at(6000)));
    return told?.lives.find(({ pid }) => pid === 500)?.dumps.length;
  };
  assert.equal(await dumpsIn(poke({})), 1);
  assert.equal(await dumpsIn(poke({ comm: 'gdb' })), 0);
  assert.equal(await dumpsIn(poke({ how: 'process_vm_writev', result: 8n })), 0);
});
