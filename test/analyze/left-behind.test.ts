import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Chapter } from '../../src/model/chapter.js';
import { CLONE_VM, called, execed, exited, forked, heard, MS, moved, T0 } from '../pipeline/build.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, type Part, reading, recordingOf, traced } from './recordings.js';

/** What is done between two readings: the newest reading is of before it, or of another program. */

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const TICKS = T0 / (10n * MS);

/** The process that most is about, before anything was moved. */
const read = (ms: number, ...copied: readonly number[]) => reading({ ms, pid: 7, ticks: TICKS, at: A, copied });
const protect = (ms: number, pid: number, protection: bigint, context = pid) =>
  called({ at: at(ms), pid, in: context, call: 'mprotect', args: [A, 0x2000n, protection] });

const wordsOf = async (context: TestContext, pid: number, list: readonly Part[]): Promise<string> => {
  const chapters = chaptersOf([await readPath(fileWith(context, recordingOf(list)))]);
  return conclusionOf(chapters, pid);
};

const conclusionOf = (chapters: readonly Chapter[], pid: number): string =>
  chapters
    .filter(({ main }) => main.evidence.process.pid === pid)
    .flatMap(({ conclusion }) => conclusion)
    .join('\n');

test('what was done before an exec is not told of the vDSO after it', async (context) => {
  const start = [traced, read(10)];
  const end = [
    execed({ at: at(1020), pid: 7, in: 70, vdso: B }),
    reading({ ms: 1500, pid: 7, ticks: TICKS, at: B, copied: [0] }),
    heard(at(5000)),
  ];
  const C = 0x7d00_0000_0000n;
  const moves = await wordsOf(
    context,
    7,
    frames(...start, moved({ at: at(1000), pid: 7, in: 7, from: A, to: C }), ...end),
  );
  assert.doesNotMatch(moves, /moved it from/);
  const writes = await wordsOf(context, 7, frames(...start, protect(1000, 7, 7n), ...end));
  assert.match(writes, /Who wrote page 0 was not seen/);
});

test('it was so until its end only if nothing was done after it was read', async (context) => {
  const start = [traced, read(10)];
  const end = [exited({ at: at(1020), pid: 7, in: 7 }), heard(at(5000))];
  const quiet = await wordsOf(context, 7, frames(...start, protect(5, 7, 5n), ...end));
  assert.match(quiet, /^Until it ended at /);
  const fault = [exited({ at: at(1020), pid: 7, in: 7, status: 11 }), heard(at(5000))];
  assert.match(
    await wordsOf(context, 7, frames(...start, protect(5, 7, 5n), ...fault)),
    /^Until SIGSEGV killed it at /,
  );
  const move = moved({ at: at(1000), pid: 7, in: 7, from: A, to: B });
  assert.match(await wordsOf(context, 7, frames(...start, move, ...end)), /^At \S+, when it was last read, /);
  const exec = execed({ at: at(1000), pid: 7, in: 70, vdso: B });
  assert.match(await wordsOf(context, 7, frames(...start, exec, ...end)), /^At \S+, when it was last read, /);
});

test('a page is traced through forks that came before anybody was read', async (context) => {
  const list = frames(
    traced,
    read(10),
    protect(1000, 7, 7n),
    forked({ at: at(1010), pid: 7, in: 7, child: 8 }),
    forked({ at: at(1020), pid: 8, in: 8, child: 9 }),
    reading({ ms: 1200, pid: 9, ticks: TICKS + 102n, at: A, copied: [0] }),
    heard(at(5000)),
  );
  assert.match(
    await wordsOf(context, 9, list),
    /Page 0 was written between .* by process 7 \(puppet\), which had made it writable; inherited by fork from process 8/,
  );
});

test('what a fork handed down ends with an exec', async (context) => {
  const list = frames(
    traced,
    read(10),
    protect(1000, 7, 7n),
    read(1100, 0),
    forked({ at: at(1200), pid: 7, in: 7, child: 8 }),
    execed({ at: at(1210), pid: 8, in: 80, vdso: A, comm: 'other' }),
    protect(1300, 8, 7n, 80),
    reading({ ms: 1400, pid: 8, ticks: TICKS + 120n, at: A, copied: [0] }),
    heard(at(5000)),
  );
  const words = await wordsOf(context, 8, list);
  assert.match(words, /Page 0 was written between .* by the process itself/);
  assert.doesNotMatch(words, /inherited/);
});

test('what one did to memory that it shares is told of the others too', async (context) => {
  const list = frames(
    traced,
    read(10),
    forked({ at: at(100), pid: 7, in: 7, child: 8, flags: CLONE_VM | 17n }),
    moved({ at: at(1000), pid: 8, in: 7, from: A, to: B }),
    reading({ ms: 1010, pid: 8, ticks: TICKS + 10n, at: B, auxv: A }),
    exited({ at: at(2000), pid: 8, in: 7 }),
    exited({ at: at(2100), pid: 7, in: 7 }),
    heard(at(5000)),
  );
  const words = await wordsOf(context, 7, list);
  assert.match(words, /vDSO was at 0x7e0000000000/);
  assert.match(words, /Process 8 \(puppet\) moved it from 0x7f0000000000 to 0x7e0000000000/);
});

test('a page keeps its writer when the vDSO moves', async (context) => {
  const list = frames(
    traced,
    read(10),
    protect(1000, 7, 7n),
    moved({ at: at(1010), pid: 7, in: 7, from: A, to: B }),
    reading({ ms: 1100, pid: 7, ticks: TICKS, at: B, auxv: A, copied: [0] }),
    heard(at(5000)),
  );
  assert.match(await wordsOf(context, 7, list), /Page 0 was written between .* by the process itself/);
});

test('the end of one and the start of the next owner of a pid in one tick are told apart', async (context) => {
  const list = frames(
    traced,
    read(10),
    reading({ ms: 1008, pid: 7, ticks: TICKS + 100n, at: B }),
    exited({ at: at(1002), pid: 7, in: 7 }),
    forked({ at: at(1003), pid: 6, in: 6, child: 7 }),
    moved({ at: at(1500), pid: 7, in: 70, from: B, to: A }),
    heard(at(5000)),
  );
  const { recorded } = await readPath(fileWith(context, recordingOf(list)));
  assert.deepEqual(
    recorded?.lives.filter(({ pid }) => pid === 7).map(({ born, ended }) => [born?.at, ended?.at]),
    [
      [undefined, at(1002)],
      [at(1003), undefined],
    ],
  );
});

test('who ended before being read is told by what was seen of it', async (context) => {
  const list = frames(
    traced,
    read(10),
    forked({ at: at(1000), pid: 7, in: 7, child: 8 }),
    moved({ at: at(1001), pid: 8, in: 8, from: A, to: B }),
    exited({ at: at(1002), pid: 8, in: 8 }),
    heard(at(5000)),
  );
  assert.match(
    await wordsOf(context, 8, list),
    /^Until it ended at \S+, where its vDSO was cannot be told\.\nThe process itself \(puppet\) moved it from/,
  );
});
