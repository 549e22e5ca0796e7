import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Piece } from '../../src/analyze/piece.js';
import type { Chapter } from '../../src/model/chapter.js';
import type { Event } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { exited, heard, moved } from '../pipeline/build.js';
import { images, recorded, shifted } from './dumps.js';
import { dumped, restored, TICKS } from './life.js';
import { at, OFFSET, reading } from './recordings.js';

/** Whatever a process went through: no story says of a dump what the order of events contradicts. */

type Act =
  | { readonly kind: 'move' }
  /** A dump; `ends`: and the process is killed and restored from one of its images, counted from the newest. */
  | { readonly kind: 'dump'; readonly ends: number | undefined; readonly copied: boolean; readonly given: boolean }
  /** A CRIU that gives up. */
  | { readonly kind: 'failed dump' };

interface Step {
  readonly act: Act;
  /** How late the next reading comes, ms. */
  readonly late: number;
}

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constant<Act>({ kind: 'move' }),
  fc.constant<Act>({ kind: 'failed dump' }),
  fc.record({
    kind: fc.constant('dump' as const),
    ends: fc.option(fc.nat(2), { nil: undefined }),
    copied: fc.boolean(),
    given: fc.boolean(),
  }),
);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(fc.record({ act, late: fc.integer({ min: 5, max: 700 }) }), {
  minLength: 1,
  maxLength: 9,
});

/** Most see all of it. */
const windows: fc.Arbitrary<Window> = fc.oneof(
  fc.constant({ from: 0, until: 99 }),
  fc.record({ from: fc.nat(4), length: fc.integer({ min: 1, max: 9 }) }).map(({ from, length }) => ({
    from,
    until: from + length,
  })),
);

/** What truly happened. */
interface Image {
  readonly piece: Piece;
  readonly place: bigint;
  readonly ms: number;
  /** It was made before the recording began, or after its end. */
  readonly when: 'before' | 'seen' | 'later';
  /** Start of the process that was restored from it last, and what was added to its clock, which is this, ms. */
  restored: { readonly ticks: bigint; readonly shift: number } | undefined;
  readonly clock: number;
}

/** Numbers of the step before which a recording begins, and of the one before which it ends. */
interface Window {
  readonly from: number;
  readonly until: number;
}

interface Truth {
  readonly events: readonly (Event | Observation)[];
  readonly images: readonly Image[];
  readonly pid: number;
  /** Images that the restore log tells to be those of the process with that start. */
  readonly told: ReadonlyMap<bigint, Image>;
}

/** `logs`: CRIU was told to log so much (-v4) that restore logs have their clocks. */
const happen = async (list: readonly Step[], { from: begin, until }: Window, logs: boolean): Promise<Truth> => {
  const from = Math.min(begin, list.length - 1);
  const { pid, place: first, auxv } = await images();
  let events: (Event | Observation)[] = [reading({ ms: 10, pid, ticks: TICKS, at: first, auxv })];
  const made: (Image & { readonly given: boolean })[] = [];
  let [place, ticks, space, ms, shift] = [first, TICKS, 1, 0, 0];
  let recorded: typeof events | undefined;
  const read = (after: number): void => {
    events.push(reading({ ms: after, pid, ticks, at: place, auxv }));
  };
  for (const [index, { act, late }] of list.entries()) {
    if (index > 0 && index === from) {
      events = [];
      read(ms + 1500);
    }
    if (index === until) recorded = [...events, heard(at(ms + 1600))];
    ms += 2000;
    if (act.kind === 'move') {
      const to = 0x6000_0000_0000n + BigInt(index) * 0x100_0000n;
      events.push(moved({ at: at(ms), pid, in: space, from: place, to }));
      place = to;
      read(ms + late);
      continue;
    }
    events.push(...dumped(pid, 100 + index, ms));
    if (act.kind === 'failed dump') continue;
    // A restored process has a time namespace of its own, whose clock alone says nothing.
    const clock = space === 1 ? { clock: ms + 50 } : { ownClock: ms + 50 + shift };
    const written = act.copied && space === 1 ? 100_000 : ms + 60;
    const { piece } = await images({ ...clock, written, at: place });
    const when = index < from ? 'before' : index < until ? 'seen' : 'later';
    // By the time of their files alone, images of a dump after the end of a recording may be copies of those it saw.
    const isTelling = when !== 'later' || space === 1;
    const input = { ...piece.input, path: `${made.length}` };
    const own = { restored: undefined, clock: ms + 50 + shift };
    made.push({ piece: { ...piece, input }, place, ms, given: act.given && isTelling, when, ...own });
    if (act.ends === undefined) continue;
    events.push(exited({ at: at(ms + 70), pid, in: space }));
    const source = made.at(-1 - Math.min(act.ends, made.length - 1));
    assert.ok(source !== undefined);
    space += 1;
    place = source.place;
    ticks = TICKS + BigInt(ms + 500) / 10n;
    shift = source.clock - (ms + 505);
    source.restored = { ticks, shift };
    events.push(...restored(pid, 200 + index, ms + 500, space, place));
    read(ms + 530 + late);
  }
  const given = made.filter((one) => one.given).map((one) => (logs ? logged(one) : one));
  const told = new Map(
    logs ? given.flatMap((one) => (one.restored === undefined ? [] : [[one.restored.ticks, one]])) : [],
  );
  return { events: recorded ?? [...events, heard(at(ms + 5000))], images: given, pid, told };
};

const logged = (image: Image): Image =>
  image.restored === undefined ? image : { ...image, piece: shifted(image.piece, image.restored.shift) };

const placeOf = ({ judged }: Chapter['moments'][number]) => judged.verdict.vdso?.start;

const check = (chapter: Chapter, truth: Truth): void => {
  const those = (role: string) => chapter.moments.filter((one) => one.role === role);
  const [dump, ...others] = those('dump');
  const image = truth.images.find(({ piece }) => piece.input.path === dump?.path);
  if (image === undefined) return;
  const time = at(image.ms) + OFFSET;
  assert.equal(others.length, 0, 'images of two dumps are no one dump');
  assert.ok(!chapter.main.verdict.findings.some(({ code }) => code === 'choice-wrong'));
  const before = those('before').at(-1);
  if (image.when === 'seen') assert.equal(before && placeOf(before), image.place);
  if (image.when === 'before') assert.equal(before, undefined);
  for (const after of those('after')) {
    if (image.when === 'seen') assert.equal(placeOf(after), image.place, 'it was restored from other images');
    const { startTicks = 0n } = after.judged.evidence.process;
    assert.ok(startTicks * 10n >= at(image.ms) / 1_000_000n, 'it began later');
    const origin = truth.told.get(startTicks);
    assert.ok(origin === undefined || origin === image, 'a restore log tells of which images it is');
  }
  if (image.when === 'later') {
    assert.deepEqual(those('after'), []);
    return;
  }
  const logs = chapter.story.flatMap(({ who }, index) => (who.startsWith('dump.log') ? index : []));
  for (const [index, line] of chapter.story.entries()) {
    if (line.time === undefined) continue;
    const isLater = line.time > time + 40_000_000n;
    assert.equal(index > (logs[0] ?? 0), isLater, `${line.who}: ${line.text}`);
  }
  for (const sentence of chapter.conclusion.filter((one) => one.includes(' moved it from ')))
    assert.ok(Date.parse(/\S+Z/.exec(sentence)?.[0] ?? '') <= Number(time / 1_000_000n), sentence);
};

test('a story says nothing of a dump that the order of events contradicts', async (context: TestContext) => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), windows, fc.boolean(), async (list, recordingFirst, window, logs) => {
      const truth = await happen(list, window, logs);
      const recording = await recorded(context, ...truth.events);
      const made = truth.images.map(({ piece }) => piece);
      const chapters = chaptersOf(recordingFirst ? [recording, ...made] : [...made.reverse(), recording]);
      const told = chapters.flatMap(({ moments }) => moments.filter(({ role }) => role === 'dump'));
      assert.equal(told.filter(({ judged }) => judged.evidence.process.pid === truth.pid).length, truth.images.length);
      for (const chapter of chapters) check(chapter, truth);
    }),
    { numRuns: fuzzRuns(60) },
  );
});
