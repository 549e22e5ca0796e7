import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { Observation } from '../../src/pipeline/observation.js';
import type { TraceItem } from '../../src/trace/items.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { frames } from './arbitraries.js';
import { inPieces, written } from './recording.js';

const keyOf = (observation: Observation): string =>
  inspect(observation.kind === 'census' ? [observation.at, [...observation.pids].sort()] : observation, {
    depth: null,
    sorted: true,
    compact: false,
    maxArrayLength: null,
    maxStringLength: null,
  });

const read = (items: readonly TraceItem[]): string[] =>
  items.flatMap((item) => (item.kind === 'frame' ? item.frame.content : [])).map(keyOf);

const damages = (items: readonly TraceItem[]) => items.flatMap((item) => (item.kind === 'damage' ? [item.damage] : []));

/** All of `some` stand in `all`, in that order. */
const isWithin = (some: readonly string[], all: readonly string[]): boolean => {
  let at = 0;
  for (const one of some) {
    at = all.indexOf(one, at) + 1;
    if (at === 0) return false;
  }
  return true;
};

test('cut anywhere, it is read up to the tear, and the tear is told', () => {
  fc.assert(
    fc.property(frames, fc.nat(), (list, cut) => {
      const whole = Buffer.from(written(list), 'latin1');
      const length = cut % whole.length;
      const items = inPieces(whole.subarray(0, length));
      const got = read(items);
      const all = list.flat().map(keyOf);
      assert.deepEqual(got, all.slice(0, got.length));
      const lastNewline = whole.subarray(0, length).lastIndexOf('\n');
      if (got.length < all.length && lastNewline !== length - 1) {
        assert.equal(damages(items).length, 1);
        assert.ok(damages(items).every(({ torn }) => torn));
      }
      // All whole lines before the tear are there: at most one observation, or one run of unchanged ones, is lost.
      const again = inPieces(Buffer.concat([whole.subarray(0, lastNewline + 1)]));
      assert.deepEqual(read(again), got);
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('a flipped bit anywhere never makes a false observation, and what it costs is told', () => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.nat(7), (list, where, bit) => {
      const bytes = Buffer.from(written(list), 'latin1');
      const at = where % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const items = inPieces(bytes);
      const got = read(items);
      const all = list.flat().map(keyOf);
      assert.ok(isWithin(got, all));
      const header = items.some((item) => item.kind === 'header');
      if (got.length < all.length || !header) assert.ok(damages(items).length > 0);
    }),
    { numRuns: fuzzRuns(500) },
  );
});

test('any bytes at all are read without a fault', () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(`${text}\n`)),
    fc
      .constantFrom('frame', 'check', 'event', 'snapshot', 'unchanged', 'census', 'host', 'blob', 'header', 'hook', 'x')
      .chain((record) => fc.object().map((rest) => Buffer.from(`${JSON.stringify({ record, ...rest })}\n`))),
    fc.constant(Buffer.from('{"record":"frame"\n')),
  );
  fc.assert(
    fc.property(fc.array(pieces), (list) => {
      const items = inPieces(Buffer.concat(list), 64);
      assert.ok(items.length <= 1 || items.some((item) => item.kind === 'damage' || item.kind === 'foreign'));
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('a block that never ends is given up, not gathered', () => {
  const long = Buffer.alloc(1 << 20, '{"record":"tick"}\n');
  const items: TraceItem[] = [];
  const text = Buffer.from(written([]), 'latin1');
  items.push(...inPieces(Buffer.concat([text, ...new Array<Buffer>(40).fill(long)])));
  assert.ok(damages(items).length > 0);
});

test('lines that end in CR LF are as they were written', () => {
  fc.assert(
    fc.property(frames, (list) => {
      const items = inPieces(Buffer.from(written(list).replaceAll('\n', '\r\n'), 'latin1'));
      assert.deepEqual(read(items), list.flat().map(keyOf));
      assert.deepEqual(damages(items), []);
    }),
    { numRuns: fuzzRuns(50) },
  );
});
