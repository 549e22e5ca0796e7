import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GOOD, withDirectory } from '../bundle/made-bundle.js';
import { recordedStory } from '../trace/story.js';
import { runProgram } from './run-program.js';

const STORY = recordedStory();
const FILES = {
  story: STORY,
  ...Object.fromEntries(Object.entries(GOOD).map(([name, content]) => [`bundle/${name}`, content])),
  // A rotated recording, and what it left behind.
  'rotated.1': STORY,
  rotated: STORY.replace('"part":0', '"part":1').replaceAll(/,"crc":"[0-9a-f]+"/g, ''),
};

test('one input given twice told every line twice: it is read once, whatever path names it', async () => {
  await withDirectory(FILES, async (cwd) => {
    symlinkSync('story', join(cwd, 'link'));
    linkSync(join(cwd, 'story'), join(cwd, 'other-name'));
    mkdirSync(join(cwd, 'sub'));
    const analyze = async (...paths: string[]) => await runProgram(['analyze', '--json', ...paths], { cwd });
    for (const [first, ...more] of [
      ['story', 'story'],
      ['story', './story', 'link'],
      ['link', 'sub/../story', 'other-name'],
      ['bundle', 'bundle/'],
    ]) {
      const alone = await analyze(first ?? '');
      const twice = await analyze(first ?? '', ...more);
      assert.equal(twice.out, alone.out);
      assert.equal(twice.status, alone.status);
      assert.equal(
        twice.errors,
        alone.errors + more.map((path) => `vdsowatch: ${path} is what ${first} is, and read once.\n`).join(''),
      );
    }
  });
});

test('a file of a rotated recording beside the recording, as rotated* gives them, told its lines twice', async () => {
  await withDirectory(FILES, async (cwd) => {
    const alone = await runProgram(['analyze', '--json', 'rotated'], { cwd });
    for (const paths of [
      ['rotated', 'rotated.1'],
      ['rotated.1', 'rotated'],
    ]) {
      const both = await runProgram(['analyze', '--json', ...paths], { cwd });
      assert.equal(both.out, alone.out);
      assert.match(both.errors, /^vdsowatch: rotated\.1 is a part of rotated, which is read once\.\n/);
    }
  });
});

test('one recording by two paths is compared from its beginning to its end, as by one', async () => {
  await withDirectory(FILES, async (cwd) => {
    const same = await runProgram(['diff', 'story', 'story'], { cwd });
    assert.match(same.out, /the vDSO moved from/);
    assert.equal((await runProgram(['diff', 'story', './story'], { cwd })).out, same.out);
  });
});
