import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineSplitter } from '../../src/bpftrace/run.js';
import { fuzzRuns } from '../fuzz-runs.js';

test('lines come whole, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 20 })), fc.array(fc.nat(40)), (texts, cuts) => {
      const lines = texts.map((text) => text.replaceAll('\n', ' '));
      const stream = lines.map((line) => `${line}\n`).join('');
      const split = lineSplitter();
      const out: string[] = [];
      let at = 0;
      for (const length of [...cuts, stream.length]) {
        out.push(...split(stream.slice(at, at + length)));
        at += length;
      }
      assert.deepEqual(out, lines);
    }),
    { numRuns: fuzzRuns(200) },
  );
});

test('a cut last line is never seen', () => {
  const split = lineSplitter();
  assert.deepEqual([...split('whole\ncu'), ...split('t')], ['whole']);
});

test('garbage without end is given up in pieces', () => {
  const split = lineSplitter(10);
  assert.deepEqual(split('x'.repeat(25)), ['x'.repeat(10)]);
  assert.deepEqual(split('y\nnext\n'), ['y', 'next']);
});
