import assert from 'node:assert/strict';
import { cpSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { gzipMember } from '../../src/trace/gzip-member.js';
import { AUXV, archive, entriesOf, type Files, JSON_TEXT, MAPS, withDirectory } from '../bundle/made-bundle.js';
import { coreFile } from '../core/build.js';
import { resealed } from '../trace/resealed.js';
import { recordedStory } from '../trace/story.js';
import { runProgram } from './run-program.js';

/** README, "Exit status": 3 where not all that was given could be read; what could be is told all the same. */

const TWO: Files = { '77/maps': MAPS, '77/auxv': AUXV, '78/maps': MAPS, '78/auxv': AUXV, 'bundle.json': JSON_TEXT };

test('an archive that is cut short: the whole processes are told, one sentence says what is lost, and so the status', async () => {
  const tar = await archive(entriesOf(TWO));
  const whole = gzipSync(tar, { level: 0 });
  const cut = whole.subarray(0, tar.indexOf('78/auxv') + 600);
  await withDirectory({ 'whole.tar.gz': whole, 'cut.tar.gz': cut }, async (cwd) => {
    const [good, bad] = await Promise.all(
      ['whole', 'cut'].map((name) => runProgram(['analyze', `${name}.tar.gz`], { cwd })),
    );
    assert.deepEqual([good?.status, good?.errors], [0, '']);
    assert.equal(bad?.status, 3);
    assert.match(bad?.errors ?? '', /^vdsowatch: cut\.tar\.gz is cut short [^\n]+ is lost\. Copy it again\.\n$/);
    for (const pid of [77, 78]) assert.match(bad?.out ?? '', new RegExp(`^${pid} `, 'm'));
  });
});

test('a bundle of which one process cannot be used ended as if all were well', async () => {
  await withDirectory({ ...TWO, '78/maps': 'garbage\n' }, async (cwd) => {
    const ended = await runProgram(['analyze', '.'], { cwd });
    assert.equal(ended.status, 3);
    assert.match(ended.errors, /^vdsowatch: 78\/maps in the bundle [^\n]+\n$/);
    assert.match(ended.out, /^77 /m);
    const compared = await runProgram(['diff', join(cwd, '.'), '.'], { cwd });
    assert.equal(compared.status, 3);
  });
});

test('a recording with a damaged place ended as if all were well; one whose writer was killed is as good as it can be', async () => {
  const story = recordedStory();
  const member = await gzipMember(story);
  const files = {
    // Of the last member there is nothing but its beginning.
    'killed.gz': Buffer.concat([member, member.subarray(0, 18)]),
    torn: story.slice(0, -20),
    damaged: story.replace('"puppet"', '"puppex"'),
    later: resealed(story.replace('"call":"mremap"', '"call":"mwarp"')),
    more: resealed(story.replace('{"record":"swept"', '{"record":"novel"}\n$&')),
  };
  await withDirectory(files, async (cwd) => {
    const statusOf = async (name: string): Promise<number | null> => {
      const ended = await runProgram(['analyze', name], { cwd });
      assert.match(ended.errors, /^vdsowatch: [^\n]+\n$/);
      assert.match(ended.out, /vDSO/);
      return ended.status;
    };
    const replayed = async (name: string): Promise<number | null> =>
      (await runProgram(['replay', name, '-o', 'ndjson'], { cwd })).status;
    assert.deepEqual(await Promise.all(['torn', 'damaged', 'later', 'more'].map(replayed)), [0, 3, 3, 0]);
    // In the made-up world all processes lack their vvar.
    assert.equal(await statusOf('killed.gz'), 1);
    assert.deepEqual(await Promise.all(['torn', 'damaged', 'later', 'more'].map(statusOf)), [1, 3, 3, 1]);
  });
});

test('images of which a file is damaged or missing ended as if all were well, and without a word where it is missing', async () => {
  const images = fileURLToPath(new URL('../../../test/corpus/cases/all-three-unmapped/img/', import.meta.url));
  const whole = await runProgram(['analyze', images]);
  assert.deepEqual([whole.status, whole.errors], [0, '']);
  const hurts: readonly ((file: string) => void)[] = [(file) => truncateSync(file, 30), (file) => rmSync(file)];
  for (const hurt of hurts)
    await withDirectory({}, async (cwd) => {
      cpSync(images, join(cwd, 'img'), { recursive: true });
      hurt(join(cwd, 'img', 'mm-27635.img'));
      const ended = await runProgram(['analyze', 'img'], { cwd });
      assert.equal(ended.status, 3);
      assert.match(ended.errors, /^vdsowatch: img\/mm-27635\.img [^\n]+ Copy the images again; [^\n]+\n$/);
      assert.match(ended.out, /^27635 .*restored-without-vdso/m);
    });
});

test('a core that is cut short ended as if all were well, with half a sentence for each segment', async () => {
  const segment = (start: bigint) => ({ start, flags: 5, content: new Uint8Array(4096).fill(0x90), path: '/bin/x' });
  const whole = coreFile({
    pid: 4711,
    comm: 'x',
    ip: 0x400000n,
    signal: 6,
    address: 0n,
    auxv: [[6n, 4096n]],
    segments: [0x400000n, 0x500000n, 0x600000n].map(segment),
  });
  await withDirectory({ whole, cut: whole.subarray(0, whole.length - 3000 - 4096) }, async (cwd) => {
    const good = await runProgram(['analyze', 'whole'], { cwd });
    assert.deepEqual([good.status, good.errors], [0, '']);
    const bad = await runProgram(['analyze', 'cut'], { cwd });
    assert.equal(bad.out, good.out);
    assert.equal(bad.status, 3);
    const expected =
      /^vdsowatch: cut is cut short: segment at 0x500000 is cut off, and so is one more\. Copy it again, [^\n]+\n$/;
    assert.match(bad.errors, expected);
  });
});
