import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readBundle } from '../../src/bundle/read.js';
import type { Failure } from '../../src/model/failure.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { archive, type Entry, entriesOf, GOOD, withDirectory } from './made-bundle.js';

const reason = async (content: Uint8Array): Promise<Failure> =>
  await withDirectory({ 'b.tar.gz': content }, async (path) => {
    const contents = await readBundle(join(path, 'b.tar.gz'));
    assert.ok(!contents.ok, 'expected a failure');
    assert.deepEqual(readdirSync(path), ['b.tar.gz'], 'nothing is written');
    assert.doesNotMatch(contents.failure.text, /[\n\x1b]/);
    return contents.failure;
  });

const good = entriesOf(GOOD);

const BAD: Readonly<Record<string, readonly [readonly Entry[], RegExp]>> = {
  'a name that leads out': [[...good, { name: '../../tmp/vdsowatch-escaped', content: 'x' }], /leads out of it/],
  'a name that leads out in the middle': [[...good, { name: '77/../../x', content: 'x' }], /leads out of it/],
  'an absolute name': [[...good, { name: '/tmp/vdsowatch-escaped', content: 'x' }], /leads out of it/],
  'a symbolic link': [[...good, { name: '77/smaps', type: 'symlink', linkname: '/etc/passwd' }], /not a plain file/],
  'a hard link': [[...good, { name: '77/smaps', type: 'link', linkname: '/etc/passwd' }], /not a plain file/],
  'a device': [[...good, { name: '77/smaps', type: 'character-device' }], /not a plain file/],
  'a FIFO': [[...good, { name: '77/smaps', type: 'fifo' }], /not a plain file/],
  'one file twice': [[...good, ...good], /twice/],
  'two bundles': [[...good, ...entriesOf(GOOD, 'b/')], /2 bundles/],
  'no bundle': [[{ name: 'x/readme', content: 'x' }], /holds no bundle\.json/],
};

for (const [title, [entries, expected]] of Object.entries(BAD))
  test(`bad archive: ${title}: one sentence, nothing written`, async () => {
    assert.match((await reason(gzipSync(await archive(entries)))).text, expected);
    assert.equal(existsSync('/tmp/vdsowatch-escaped'), false);
  });

test('an archive that is none, or of which nothing came through', async () => {
  const tar = gzipSync(await archive(good));
  for (const content of [
    Buffer.from('not an archive'),
    Buffer.alloc(0),
    Buffer.alloc(5000, 0xaa),
    tar.subarray(0, 40),
    gzipSync(Buffer.alloc(3000, 0x41)),
  ])
    assert.match((await reason(content)).text, /\.$/);
});

test('an archive that unpacks to gigabytes is stopped at the limit, in bounded memory', async () => {
  const gigabyte = gzipSync(Buffer.alloc(1 << 20), { level: 9 });
  // Gzip members follow one another: 1 GiB of zeros in one MiB, after a good start.
  const bomb = Buffer.concat([
    gzipSync(await archive([{ name: 'pad', content: '' }]).then((tar) => tar.subarray(0, 512))),
  ]);
  const huge = tarHeader('77/padding', 2 ** 32);
  const content = Buffer.concat([bomb, gzipSync(huge), ...Array.from({ length: 1024 }, () => gigabyte)]);
  const before = process.memoryUsage().rss;
  const failure = await reason(content);
  assert.equal(failure.kind, 'too-large');
  assert.ok(process.memoryUsage().rss - before < 400 << 20, 'memory stays bounded');
});

test('a file that says it is larger than any bundle file is refused by its header', async () => {
  const content = gzipSync(Buffer.concat([tarHeader('77/maps', 2 ** 31), Buffer.alloc(1024)]));
  assert.equal((await reason(content)).kind, 'too-large');
});

/** One ustar header block. */
const tarHeader = (name: string, size: number): Buffer => {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\0', 257);
  block.write('00', 263);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

test('any damage to an archive: an answer or one sentence, never an exception', async () => {
  const tar = await archive(good);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: tar.length - 1 }), fc.integer({ min: 0, max: 255 })), { maxLength: 20 }),
      fc.nat({ max: tar.length }),
      fc.boolean(),
      async (changes, length, gzipped) => {
        const bytes = Buffer.from(tar);
        for (const [at, value] of changes) bytes[at] = value;
        const content = length % 3 === 0 ? bytes.subarray(0, length) : bytes;
        await withDirectory({ b: gzipped ? gzipSync(content) : content }, async (path) => {
          const contents = await readBundle(join(path, 'b'));
          if (!contents.ok) assert.doesNotMatch(contents.failure.text, /[\n\x1b]/);
        });
      },
    ),
    { numRuns: fuzzRuns(100) },
  );
});
