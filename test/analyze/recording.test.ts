import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import { readMoment } from '../../src/analyze/moment.js';
import { type Piece, readPiece } from '../../src/analyze/piece.js';
import type { Chapter } from '../../src/model/chapter.js';
import { ReportJson } from '../../src/model/report.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { chaptersReport } from '../../src/report/chapter-report.js';
import { page } from '../../src/report/html/page.js';
import { chaptersText } from '../../src/report/print-chapters.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { goldenText } from '../golden.js';
import { called, execed, exited, forked, heard, MS, moved, T0 } from '../pipeline/build.js';
import { frames as anyFrames } from '../trace/arbitraries.js';
import { mapSet } from './life.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, type Part, reading, recordingOf, traced } from './recordings.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const TICKS = T0 / (10n * MS);
const RWX = 7n;
const RX = 5n;

/** The process that most is about, before anything was moved. */
const read = (ms: number, ...copied: readonly number[]) => reading({ ms, pid: 7, ticks: TICKS, at: A, copied });
const protect = (ms: number, pid: number, protection: bigint) =>
  called({ at: at(ms), pid, in: pid, call: 'mprotect', args: [A, 0x2000n, protection] });

const tell = async (context: TestContext, list: readonly Part[]): Promise<readonly Chapter[]> =>
  chaptersOf([await readPath(fileWith(context, recordingOf(list)))]);

const named = (chapters: readonly Chapter[], pid: number): Chapter => {
  const found = chapters.find(({ main }) => main.evidence.process.pid === pid);
  assert.ok(found !== undefined, `process ${pid} has a chapter`);
  return found;
};

/** One process moves its vDSO, forks, another one ends, a third one has nothing to tell. */
const MOVES = frames(
  traced,
  reading({ ms: 10, pid: 7, ticks: TICKS - 100n, at: A }),
  reading({ ms: 11, pid: 8, ticks: TICKS - 90n, at: A, comm: 'other' }),
  moved({ at: at(2000), pid: 7, in: 1, from: A, to: B }),
  reading({ ms: 2010, pid: 7, ticks: TICKS - 100n, at: B, auxv: A }),
  forked({ at: at(3000), pid: 7, in: 1, child: 9 }),
  reading({ ms: 3010, pid: 9, ticks: TICKS + 300n, at: B, auxv: A }),
  exited({ at: at(4000), pid: 7, in: 1 }),
  heard(at(6000)),
);

test('a recording is told process by process, with times and actors; the quiet ones are counted', async (context) => {
  const chapters = await tell(context, MOVES);
  goldenText('analyze/recording-of-a-move', chaptersText(chapters, false));
  const mover = named(chapters, 7);
  assert.deepEqual(
    mover.story.map(({ who, text }) => `${who} ${text.replace(/:.*/, '')}`),
    [
      '7 puppet mremap(0x7f0000000000, 0x2000, 0x2000, MAYMOVE|FIXED, 0x7e0000000000) = 0x7e0000000000',
      '7 puppet vdso-moved',
      '7 puppet forked 9',
      '7 puppet exited',
    ],
  );
  assert.equal(named(chapters, 8).plain, true);
  assert.match(chaptersText(chapters, false), /One process is left out, to whose vDSO nothing happened/);
  assert.match(chaptersText(chapters, true), /other/);
});

test('what each check would have said is told whenever it changes', async (context) => {
  const [chapter] = await tell(
    context,
    frames(traced, read(10), protect(20, 7, RWX), read(30, 0), read(40, 0), read(50)),
  );
  assert.deepEqual(
    chapter?.turns.map(({ state, policies }) => [state, policies.hint.right, policies.pfn.right]),
    [
      ['native', true, true],
      ['modified', true, false],
      ['native', true, true],
    ],
  );
});

test('a page is written by who made it writable, between that and the end of it', async (context) => {
  const [chapter] = await tell(
    context,
    frames(traced, read(10), protect(1000, 7, RWX), protect(1020, 7, RX), read(1500, 1)),
  );
  assert.match(
    chapter?.conclusion.join('\n') ?? '',
    /Page 1 was written between \S+T01:23:21\.000Z and \S+T01:23:21\.020Z, as far as calls show by the process itself \(puppet\), which had made it writable\./,
  );
});

test('a debugger that wrote into it is named, with the time of its call', async (context) => {
  const poke = (ms: number, address: bigint) =>
    ({
      kind: 'poke',
      how: 'ptrace',
      at: at(ms),
      tgid: 50,
      tid: 50,
      comm: 'gdb',
      space: { id: 50n, mm: 0n },
      targetPid: 7,
      address,
      result: 0n,
    }) as const;
  const chapters = await tell(
    context,
    frames(traced, read(10), poke(1000, 0x400000n), poke(2000, A + 0x10n), read(2100, 0)),
  );
  assert.match(
    named(chapters, 7).conclusion.join('\n'),
    /Page 0 was written by process 50 \(gdb\) with a ptrace poke at \S+T01:23:22\.000Z\./,
  );
});

test('a copy that a fork handed down is traced to who wrote it', async (context) => {
  const chapters = await tell(
    context,
    frames(
      traced,
      read(10),
      protect(1000, 7, RWX),
      read(1100, 0),
      forked({ at: at(2000), pid: 7, in: 7, child: 9 }),
      reading({ ms: 2010, pid: 9, ticks: TICKS + 200n, at: A, copied: [0] }),
    ),
  );
  assert.match(
    named(chapters, 9).conclusion.join('\n'),
    /by process 7 \(puppet\), which had made it writable; inherited by fork from process 7 \(puppet\)/,
  );
});

test('who wrote is not guessed: no call, or one of a former program of that process', async (context) => {
  const chapters = await tell(
    context,
    frames(
      traced,
      read(10),
      read(100, 0),
      reading({ ms: 10, pid: 8, ticks: TICKS, at: A }),
      protect(1000, 8, RWX),
      reading({ ms: 1010, pid: 8, ticks: TICKS, at: A }),
      execed({ at: at(2000), pid: 8, in: 80, vdso: B }),
      reading({ ms: 2010, pid: 8, ticks: TICKS, at: B, copied: [0] }),
      heard(at(5000)),
    ),
  );
  for (const pid of [7, 8])
    assert.match(named(chapters, pid).conclusion.join('\n'), /Who wrote page 0 was not seen/, String(pid));
});

test('a restore whose layout the kernel refused is told as one that was made', async (context) => {
  const restore = (result: bigint) =>
    frames(
      traced,
      forked({ at: at(2000), pid: 60, in: 60, child: 7, comm: 'criu' }),
      called({ at: at(2100), pid: 7, in: 70, comm: 'criu', call: 'munmap', args: [0x1000n, 1n << 46n] }),
      mapSet(7, 2200, 70, result),
      reading({ ms: 2300, pid: 7, ticks: TICKS + 200n, at: A }),
      heard(at(4000)),
    );
  const roles = async (result: bigint) =>
    named(await tell(context, restore(result)), 7).moments.map(({ role }) => role);
  assert.deepEqual(await roles(0n), ['after']);
  assert.deepEqual(await roles(-22n), ['before']);
});

test('a dumped process and what CRIU made of it are one story; another owner of the pid is not', async (context) => {
  const restored = [
    forked({ at: at(2000), pid: 60, in: 60, child: 7, comm: 'criu' }),
    called({ at: at(2100), pid: 7, in: 70, comm: 'criu', call: 'munmap', args: [0x1000n, 1n << 46n] }),
    mapSet(7, 2200, 70),
    reading({ ms: 2300, pid: 7, ticks: TICKS + 200n, at: A }),
    heard(at(4000)),
  ];
  const before = [traced, read(10), protect(100, 7, RWX), read(110, 0), exited({ at: at(1000), pid: 7, in: 7 })];
  const [one, ...more] = await tell(context, frames(...before, ...restored));
  assert.deepEqual(
    more.filter(({ main }) => main.evidence.process.pid === 7),
    [],
  );
  assert.deepEqual(
    one?.moments.map(({ role, judged }) => [role, judged.verdict.vdso?.modifiedPages]),
    [
      ['before', [0]],
      ['after', []],
    ],
  );
  assert.ok(one?.main.verdict.findings.some(({ code }) => code === 'content-lost'));

  const reused = frames(
    ...before,
    forked({ at: at(2000), pid: 60, in: 60, child: 7 }),
    reading({ ms: 2300, pid: 7, ticks: TICKS + 200n, at: B }),
    heard(at(4000)),
  );
  assert.equal((await tell(context, reused)).filter(({ main }) => main.evidence.process.pid === 7).length, 2);
});

test('a zombie has lost its memory, not its story', async (context) => {
  const last = read(30);
  const zombie: Observation = {
    ...last,
    evidence: { ...last.evidence, vmas: [], process: { ...last.evidence.process, state: 'Z' } },
  };
  const [chapter] = await tell(context, frames(traced, read(10, 0), zombie, exited({ at: at(40), pid: 7, in: 7 })));
  assert.deepEqual(chapter?.main.verdict.vdso?.modifiedPages, [0]);
});

test('a gap stands in the story of everybody who lived through it', async (context) => {
  const chapters = await tell(
    context,
    frames(traced, read(10, 0), {
      kind: 'gap',
      at: at(500),
      from: at(400),
      cause: 'lost',
      lost: 12n,
    }),
  );
  assert.ok(named(chapters, 7).story.some(({ text }) => text === 'events were lost: 12; every process is read afresh'));
});

test('a storm leaves the beginning and the end of a story, and says how much is left out', async (context) => {
  const storm = Array.from({ length: 500 }, (_, index) => {
    const [from, to] = index % 2 === 0 ? [A, B] : [B, A];
    return moved({ at: at(100 + index), pid: 7, in: 7, from, to });
  });
  const [chapter] = await tell(context, frames(traced, read(10), ...storm));
  const story = chapter?.story ?? [];
  assert.ok(story.length <= 70, `${story.length} lines`);
  assert.ok(story.some(({ text }) => /^\d+ lines are left out here$/.test(text)));
  assert.match(story.at(-1)?.text ?? '', /moved from 0x7e0000000000 to 0x7f0000000000/);
});

test('compressed, torn and damaged recordings are analysed as far as they go, the rest is one sentence', async (context) => {
  const text = recordingOf(MOVES);
  const whole = chaptersText(await tell(context, MOVES), true);
  const packed = await readPath(fileWith(context, text, 'trace.ndjson.gz'));
  assert.equal(chaptersText(chaptersOf([packed]), true), whole);
  const torn = await readPath(fileWith(context, text.slice(0, text.length - 40)));
  assert.deepEqual(
    torn.problems.map(({ text: said }) => said.replace(/^\S+ /, '')),
    ['it ends in the middle of line 29; what is before and after is analysed.'].map((said) =>
      said.replace('29', /line (\d+)/.exec(torn.problems[0]?.text ?? '')?.[1] ?? '?'),
    ),
  );
  const flipped = text.replace('"mremap"', '"mrexap"').replace('"fork"', '"fark"');
  const damaged = await readPath(fileWith(context, flipped));
  assert.equal(damaged.problems.length, 1);
  assert.match(damaged.problems[0]?.text ?? '', /one more place is damaged; the rest is analysed\.$/);
  assert.ok(damaged.judged.length > 0);
});

test('a recording without its first lines is told from the others', async (context) => {
  const text = recordingOf(MOVES);
  const whole = await tell(context, MOVES);
  const behindMark = await readPath(fileWith(context, Buffer.from(`\ufeff${text}`).toString('latin1')));
  assert.match(
    behindMark.problems.map((problem) => problem.text).join(),
    /^[^;,]+ not as they were written; .*analysed\.$/,
  );
  assert.equal(behindMark.host?.release, whole[0]?.main.evidence.host.release);
  assert.equal(chaptersText(chaptersOf([behindMark]), false), chaptersText(whole, false));

  // The machine went with them, and what was read: the calls are left.
  const cut = await readPath(fileWith(context, text.slice(text.indexOf('{"record":"call"') - 300)));
  assert.equal(cut.host?.release, undefined);
  const [mover] = chaptersOf([cut]).filter(({ main }) => main.evidence.process.pid === 7);
  assert.ok(mover?.story.some((line) => line.text.includes('vDSO moved from')));
});

test('a newer format, and what is no recording, are one sentence', async (context) => {
  const outcomeOf = async (text: string) => {
    const path = fileWith(context, text);
    return await readPiece({ kind: 'recording', path }, { criu: '4.2' });
  };
  const newer = await outcomeOf(recordingOf([], { schema: 'vdsowatch/trace/9' }));
  assert.ok(!newer.ok);
  assert.equal(newer.failure.kind, 'newer-format');
  for (const text of ['{}\n', '{"record":"header"}\n', '{']) {
    const none = await outcomeOf(text);
    assert.ok(!none.ok, text);
    assert.match(none.failure.text, /^[^\n]*\.$/);
  }
});

test('diff of a recording with itself: from how each process was met to how it was left', async (context) => {
  const path = fileWith(context, recordingOf(MOVES));
  const [first, last] = [await readMoment(path, '4.2', true), await readMoment(path, '4.2')];
  assert.ok(first.ok && last.ok);
  const place = (side: Pick<Piece, 'judged'>) =>
    side.judged.find(({ evidence }) => evidence.process.pid === 7)?.verdict.vdso?.start;
  assert.deepEqual([place(first.value), place(last.value)], [A, B]);
});

test('whatever is in a recording: text, page and JSON are made, and nothing hostile gets out', async (context) => {
  await fc.assert(
    fc.asyncProperty(anyFrames, async (list) => {
      const parts = list.map((observations, index) => ({ observations, at: at(index) }));
      const piece = await readPath(fileWith(context, recordingOf(parts)));
      const chapters = chaptersOf([piece]);
      assert.doesNotMatch(chaptersText(chapters, true), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      assert.doesNotMatch(page(piece.host, chapters, []), /<(?:script|img)/);
      const report: unknown = JSON.parse(JSON.stringify(chaptersReport(piece.host, chapters, [])));
      assert.ok(Value.Check(ReportJson, report), JSON.stringify([...Value.Errors(ReportJson, report)][0]));
    }),
    { numRuns: fuzzRuns(100) },
  );
});

test('flipped anywhere, it is analysed or refused in a sentence', async (context) => {
  const text = Buffer.from(recordingOf(MOVES), 'latin1');
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), async (place, bits) => {
      const copy = Buffer.from(text);
      copy[place] = (copy[place] ?? 0) ^ bits;
      const path = fileWith(context, copy.toString('latin1'));
      const piece = await readPiece({ kind: 'recording', path }, { criu: '4.2' });
      const problems = piece.ok ? piece.value.problems : [piece.failure];
      assert.ok(problems.length <= 2);
      for (const { text: said } of problems) assert.match(said, /^[^\n]*\.$/);
      if (piece.ok) chaptersText(chaptersOf([piece.value]), true);
    }),
    { numRuns: fuzzRuns(60) },
  );
});
