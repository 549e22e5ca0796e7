import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { gzipMember, SIGNATURE } from '../../src/trace/gzip-member.js';
import { unpack } from '../../src/trace/unpack.js';
import { fuzzRuns } from '../fuzz-runs.js';

/** What comes out, "|" where something is missing. */
const unpacked = async (bytes: Buffer, size: number): Promise<string> => {
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  let text = '';
  for await (const piece of unpack(pieces())) text += Buffer.isBuffer(piece) ? piece.toString('latin1') : '|';
  return text;
};

const texts = fc.array(
  fc.array(fc.constantFrom('a', 'bc', '{"x":1}\n'), { minLength: 1 }).map((list) => list.join('')),
  {
    minLength: 1,
    maxLength: 5,
  },
);
const pieceSize = fc.integer({ min: 1, max: 300 });

test('members come back as one text, for us and for gunzip; so does what gzip made', async () => {
  await fc.assert(
    fc.asyncProperty(texts, pieceSize, async (list, size) => {
      const bytes = Buffer.concat(await Promise.all(list.map(gzipMember)));
      assert.equal(gunzipSync(bytes).toString('latin1'), list.join(''));
      assert.equal(await unpacked(bytes, size), list.join(''));
      assert.equal(await unpacked(gzipSync(list.join('')), size), list.join(''));
      const plain = Buffer.from(list.join(''), 'latin1');
      assert.equal(await unpacked(plain, size), list.join(''));
    }),
    { numRuns: fuzzRuns(100) },
  );
});

test('a tear leaves all members before it, and the front of its own', async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.nat(), pieceSize, async (list, cut, size) => {
      const members = await Promise.all(list.map(gzipMember));
      const bytes = Buffer.concat(members);
      // Shorter than that, nothing tells that it is compressed.
      const length = Math.max(SIGNATURE.length, cut % bytes.length);
      let whole = '';
      let at = 0;
      for (const [index, member] of members.entries()) {
        at += member.length;
        if (at <= length) whole += list[index];
      }
      const got = (await unpacked(bytes.subarray(0, length), size)).replace('|', '');
      assert.ok(got.startsWith(whole));
      assert.ok(list.join('').startsWith(got));
    }),
    { numRuns: fuzzRuns(200) },
  );
});

test('a flipped bit costs the member it is in, and that is told', async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.nat(), fc.nat(7), async (list, where, bit) => {
      const members = await Promise.all(list.map(gzipMember));
      const bytes = Buffer.concat(members);
      const at = where % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      let end = 0;
      const hurt = members.findIndex((member) => {
        end += member.length;
        return at < end;
      });
      // A single member with a broken front cannot even be told to be one of ours.
      if (members.length === 1 && at < 16) return;
      const got = await unpacked(bytes, 1 << 20);
      // The bits after the last code mean nothing.
      if (got === list.join('')) return;
      const before = list.slice(0, hurt).join('');
      const after = list.slice(hurt + 1).join('');
      // Where the last one says a wrong length it looks torn: what can be had of it is.
      const rest = hurt === list.length - 1 && !got.endsWith('|') ? list[hurt] : '|';
      assert.equal(got, `${before}${rest}${after}`);
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('any bytes are read to their end', async () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), bytes])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything), pieceSize, async (list, size) => {
      await unpacked(Buffer.concat(list), size);
    }),
    { numRuns: fuzzRuns(200) },
  );
});

/** Lines that hardly shrink, several times as many as zlib takes or gives at once. */
const long = Array.from({ length: 20_000 }, (_, index) =>
  `${(Math.imul(index, 0x9e3779b1) >>> 0).toString(36)} ${index}\n`.repeat(2),
).join('');

test('what gzip made is not mixed up when all pieces come in the same memory', async () => {
  const packed = gzipSync(long);
  const memory = Buffer.alloc(10_000);
  const pieces = async function* () {
    for (let at = 0; at < packed.length; at += memory.length)
      yield memory.subarray(0, packed.copy(memory, 0, at, at + memory.length));
  };
  const got: Buffer[] = [];
  for await (const piece of unpack(pieces())) if (Buffer.isBuffer(piece)) got.push(piece);
  assert.ok(Buffer.concat(got).toString('latin1') === long);
});

test('damage at the end of what gzip made does not cost what is before it', async () => {
  const packed = gzipSync(long);
  const wrongSum = Buffer.from(packed);
  wrongSum[packed.length - 6] = ~(packed[packed.length - 6] ?? 0);
  for (const bytes of [wrongSum, Buffer.concat([packed, Buffer.from('garbage')]), packed.subarray(0, -9)]) {
    const got = await unpacked(bytes, 1 << 20);
    assert.match(got, /\|$/);
    assert.ok(got.length > long.length - 20_000 && long.startsWith(got.slice(0, -1)), `${got.length}`);
  }
});
