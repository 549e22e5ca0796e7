import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUXV, type Files, JSON_TEXT, MAPS, withDirectory } from '../bundle/made-bundle.js';
import { recordedStory } from '../trace/story.js';
import { runProgram } from './run-program.js';

const PROCESS = (pid: number): Files => ({ [`both/${pid}/maps`]: MAPS, [`both/${pid}/auxv`]: AUXV });
const FILES: Files = {
  'both/bundle.json': JSON_TEXT,
  ...PROCESS(7),
  ...PROCESS(8),
  'three/bundle.json': JSON_TEXT,
  ...Object.fromEntries([7, 8, 99].map((pid) => [`three/${pid}/maps`, MAPS])),
};

test('a process that is on one side alone was no difference, which diff(1) says by status 1', async () => {
  await withDirectory(FILES, async (cwd) => {
    const statusOf = async (...words: string[]): Promise<number | null> =>
      (await runProgram(['diff', ...words], { cwd })).status;
    assert.equal(await statusOf('both', 'both'), 0);
    assert.equal(await statusOf('both', 'three'), 1);
    assert.equal(await statusOf('three', 'both'), 1);
    const { out, status } = await runProgram(['diff', 'three', 'both', '--json'], { cwd });
    const document: { onlyBefore: number[]; onlyAfter: number[] } = JSON.parse(out);
    assert.deepEqual([document.onlyBefore, document.onlyAfter, status], [[99], [], 1]);
  });
});

test('a recording holds whoever ran meanwhile: that one of them is not on the other side is no difference', async () => {
  const story = recordedStory();
  const other = story
    .replaceAll(/,"crc":"[0-9a-f]+"/g, '')
    .replaceAll(/("pid":|"tgid":|\[7,|\[)8\b/g, (_, front: string) => `${front}18`);
  await withDirectory({ 'story.ndjson': story, 'other.ndjson': other }, async (cwd) => {
    const { out, status } = await runProgram(['diff', 'story.ndjson', 'other.ndjson', '--json'], { cwd });
    const { onlyBefore, onlyAfter }: { onlyBefore: number[]; onlyAfter: number[] } = JSON.parse(out);
    assert.deepEqual([onlyBefore, onlyAfter, status], [[8], [18], 0]);
  });
});
