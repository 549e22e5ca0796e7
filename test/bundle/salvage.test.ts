import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync, gzipSync, constants as zlib } from 'node:zlib';
import { type BundleContents, readBundle } from '../../src/bundle/read.js';
import { AUXV, archive, type Entry, entriesOf, JSON_TEXT, MAPS, withDirectory } from './made-bundle.js';

/** As `capture` writes it: bundle.json last. */
const CAPTURED = entriesOf(
  { '77/maps': MAPS, '77/auxv': AUXV, '78/maps': MAPS, '78/auxv': AUXV, '79/maps': MAPS, 'bundle.json': JSON_TEXT },
  'b/',
);

const read = async (content: Uint8Array): Promise<BundleContents> =>
  await withDirectory({ 'b.tar.gz': content }, async (path) => {
    const contents = await readBundle(join(path, 'b.tar.gz'));
    assert.ok(contents.ok, contents.ok ? '' : contents.failure.text);
    return contents.value;
  });

const pidsOf = ({ processes }: BundleContents): readonly number[] => processes.map(({ process }) => process.pid);

/** One sentence, and of the reason alone. */
const problemOf = ({ problems }: BundleContents): string => {
  assert.equal(problems.length, 1, JSON.stringify(problems));
  return `${problems[0]?.text} ${problems[0]?.mend}`;
};

/** Where the header of an entry begins in the archive. */
const placeOf = (tar: Buffer, name: string): number => {
  const at = tar.indexOf(`${name}\0`);
  assert.ok(at >= 0 && at % 512 === 0);
  return at;
};

test('an archive cut short lost all its processes: those that came before are told, without what bundle.json says', async () => {
  const tar = await archive(CAPTURED);
  for (const pack of [cutGzip, (part: Buffer) => part]) {
    const contents = await read(pack(tar.subarray(0, placeOf(tar, 'b/79/maps') + 600)));
    assert.deepEqual(pidsOf(contents), [77, 78]);
    assert.match(problemOf(contents), /b\.tar\.gz is cut short within b\/79\/maps: .* is lost\. Copy it again\.$/);
    assert.equal(contents.host.release, undefined);
  }
});

test('of the process in which an archive is cut short, the files that came before are kept', async () => {
  const tar = await archive(CAPTURED);
  const contents = await read(cutGzip(tar.subarray(0, placeOf(tar, 'b/78/auxv') + 520)));
  assert.deepEqual(pidsOf(contents), [77, 78]);
  const [one, other] = contents.processes;
  assert.deepEqual([one?.auxv === undefined, other?.auxv === undefined], [false, true]);
  assert.ok(other?.unread.some(({ what, why }) => what === 'auxv' && why === 'absent'));
  problemOf(contents);
});

test('where bundle.json comes first, an archive cut short still tells of its host', async () => {
  const entries: readonly Entry[] = [...CAPTURED.slice(-1), ...CAPTURED.slice(0, -1)];
  const tar = await archive(entries);
  const contents = await read(cutGzip(tar.subarray(0, placeOf(tar, 'b/79/maps'))));
  assert.deepEqual([pidsOf(contents), contents.host.release], [[77, 78], '6.18.5']);
  assert.match(problemOf(contents), /is cut short after b\/78\/auxv: /);
});

test('the process at which an archive is damaged may be wrong, and is left out with what follows', async () => {
  const tar = await archive(CAPTURED);
  const part = tar.subarray(0, placeOf(tar, 'b/78/auxv') + 520);
  // A block of a type that deflate does not have (RFC 1951, 3.2.3).
  const damaged = Buffer.concat([cutGzip(part), Buffer.alloc(64, 0xff)]);
  const contents = await read(damaged);
  assert.deepEqual(pidsOf(contents), [77]);
  assert.match(
    problemOf(contents),
    /is damaged (?:within|after) b\/78\/\w+: process 78 and what comes after it is lost\./,
  );
  // A header that is none.
  const plain = Buffer.from(tar);
  plain.write('X', placeOf(tar, 'b/79/maps'));
  assert.deepEqual(pidsOf(await read(plain)), [77]);
});

test('one wrong byte that unpacks all the same: all is told, and that it may be wrong', async () => {
  const whole = gzipSync(await archive(CAPTURED));
  whole[whole.length - 8] = (whole[whole.length - 8] ?? 0) ^ 1;
  const contents = await read(whole);
  assert.deepEqual(pidsOf(contents), [77, 78, 79]);
  assert.match(problemOf(contents), /is damaged somewhere \(its checksum is wrong\), so what it tells may be wrong\./);
});

/** Gzip whose end is missing: all of the content comes out, and then it breaks off. */
const cutGzip = (content: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    deflateRawSync(content, { finishFlush: zlib.Z_SYNC_FLUSH }),
  ]);
