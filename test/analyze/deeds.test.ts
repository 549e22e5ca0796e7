import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import { choiceFindings } from '../../src/analyze/join/choices.js';
import { finding } from '../../src/judge/finding-codes.js';
import type { Choice } from '../../src/model/chapter.js';
import type { CallEvent } from '../../src/model/event.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { called, heard, MS, read, T0 } from '../pipeline/build.js';
import { readPath } from './pieces.js';
import { at, fileWith, frames, type Part, reading, recordingOf, traced } from './recordings.js';

// What was done to the vDSO of a process, other than moving it, in its story.

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const TICKS = T0 / (10n * MS);

const did = (ms: number, call: CallEvent['call'], args: readonly bigint[], more: Partial<CallEvent> = {}): CallEvent =>
  called({ at: at(ms), pid: 7, in: 7, call, args, vdsoBefore: A, vdsoAfter: A, ...more });

const unmapped = (ms: number): CallEvent => did(ms, 'munmap', [A, 0x2000n]);
/** mmap(A, 8 KiB, r-x, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS). */
const covered = (ms: number): CallEvent => did(ms, 'mmap', [A, 0x2000n, 5n, 0x32n, 0n, 0n], { result: A });
/** arch_prctl(ARCH_MAP_VDSO_64, B) gives its size. */
const placed = (ms: number): CallEvent => did(ms, 'arch_prctl', [0x2003n, B], { result: 0x8000n, vdsoAfter: B });

const deedsIn = async (
  context: TestContext,
  ...list: readonly (CallEvent | Observation)[]
): Promise<readonly string[]> => {
  const all: readonly Part[] = frames(
    traced,
    reading({ ms: 10, pid: 7, ticks: TICKS, at: A }),
    ...list,
    heard(at(5000)),
  );
  const chapters = chaptersOf([await readPath(fileWith(context, recordingOf(all)))]);
  const sentences = chapters
    .flatMap(({ conclusion }) => conclusion)
    .filter((one) => one.startsWith('The process itself'));
  return sentences.map((one) => one.replace(/^The process itself \(puppet\) | at \S+Z\.$/g, ''));
};

test('who unmapped the vDSO, covered it, or mapped a new one is not in the story', async (context) => {
  assert.deepEqual(await deedsIn(context, unmapped(1000)), ['unmapped it at 0x7f0000000000']);
  assert.deepEqual(await deedsIn(context, covered(1000)), ['put other memory over it at 0x7f0000000000']);
  assert.deepEqual(await deedsIn(context, unmapped(1000), placed(1010)), [
    'unmapped it at 0x7f0000000000',
    'mapped a new one at 0x7e0000000000',
  ]);
});

test('what is done where the vDSO was, once a reading shows none, is told of the vDSO', async (context) => {
  const without = read({ at: at(1050), pid: 7, ticks: TICKS, auxv: A });
  assert.deepEqual(await deedsIn(context, unmapped(1000), without, covered(1100), unmapped(1200)), [
    'unmapped it at 0x7f0000000000',
  ]);
  // It came back in between, by a way that was not seen.
  const again = reading({ ms: 1050, pid: 7, ticks: TICKS, at: A });
  assert.deepEqual((await deedsIn(context, unmapped(1000), again, covered(1100))).length, 2);
});

test('a wrong choice is silent because the image tells of another one, or something else of the same mapping', () => {
  const wrong = (start: bigint): Choice => ({ start, class: 'genuine', by: 'bundle', took: 'memory', right: false });
  const told = [
    finding('image-mishinted', { mapping: A, text: 'CRIU did not take it.' }),
    finding('vdso-moved', { mapping: B, text: 'It was moved.' }),
  ];
  assert.deepEqual(
    choiceFindings([wrong(A), wrong(B)], told).map(({ mapping }) => mapping),
    [B],
  );
});
