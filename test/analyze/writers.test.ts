import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Event } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { called, heard, MS, moved, T0 } from '../pipeline/build.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, reading, recordingOf, traced } from './recordings.js';

// Who wrote a page: only a call after which no reading showed that page clean can have to do with it.

const A = 0x7f00_0000_0000n;
const TICKS = T0 / (10n * MS);
const RWX = 7n;
const RX = 5n;

const protect = (ms: number, protection: bigint) =>
  called({ at: at(ms), pid: 7, in: 7, call: 'mprotect', args: [A, 0x2000n, protection] });
const read = (ms: number, ...copied: readonly number[]) => reading({ ms, pid: 7, ticks: TICKS, at: A, copied });

const told = async (context: TestContext, ...list: readonly (Event | Observation)[]): Promise<string> => {
  const file = fileWith(context, recordingOf(frames(traced, ...list, heard(at(5000)))));
  return chaptersOf([await readPath(file)])
    .flatMap(({ conclusion }) => conclusion)
    .join('\n');
};

test('who made its vDSO writable, and had ended that when it was seen clean, is told to have written it', async (context) => {
  const before = [read(10), protect(100, RWX), protect(200, RX)] as const;
  assert.match(await told(context, ...before, read(300), read(500, 0)), /Who wrote page 0 was not seen/);
  assert.match(await told(context, ...before, read(500, 0)), /Page 0 was written between .* by the process itself/);
  // It may have written between the reading and the end.
  const later = [read(10), protect(100, RWX), read(150), protect(200, RX), read(500, 0)] as const;
  assert.match(
    await told(context, ...later),
    /Page 0 was written between \S+T01:23:20\.150Z and \S+T01:23:20\.200Z, .* by the process itself/,
  );
  const again = [...before, read(300), protect(350, RWX), read(500, 0)] as const;
  assert.match(await told(context, ...again), /Page 0 was written between \S+T01:23:20\.350Z .* by the process itself/);
});

test('the writer of one page is told to have written the next, which was clean when the first was not', async (context) => {
  const words = await told(
    context,
    read(10),
    protect(100, RWX),
    read(150, 0),
    protect(200, RX),
    read(300, 0),
    read(500, 0, 1),
  );
  assert.match(words, /Page 0 was written between \S+T01:23:20\.100Z and \S+T01:23:20\.150Z, .* by the process itself/);
  assert.doesNotMatch(words, /[Pp]ages? (?:0 and )?1 was written/);
});

test('who wrote into a vDSO that he had moved just before is not told', async (context) => {
  const B = 0x7e00_0000_0000n;
  const words = await told(
    context,
    read(10),
    moved({ at: at(500), pid: 7, in: 7, from: A, to: B }),
    // A kernel whose pointer cannot be read.
    called({ at: at(600), pid: 7, in: 7, call: 'mprotect', args: [B, 0x2000n, RWX] }),
    reading({ ms: 800, pid: 7, ticks: TICKS, at: B, auxv: A, copied: [0] }),
  );
  assert.match(words, /Page 0 was written between \S+T01:23:20\.600Z .* by the process itself/);
});
