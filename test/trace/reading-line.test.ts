import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Observation } from '../../src/pipeline/observation.js';
import { openDecoder } from '../../src/trace/decoder.js';
import { openEncoder } from '../../src/trace/encoder.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { frames } from './arbitraries.js';
import { written } from './recording.js';

/** The swift reader of readings knows the exact writing; with a blank more the same line is read the general way. */
const slowly = (line: string): string => line.replace('{"record":"snapshot",', '{"record":"snapshot", ');

const readAll = (lines: readonly string[]): readonly unknown[] => {
  const decoder = openDecoder();
  return lines.map((line) => {
    const bytes = Buffer.from(line, 'latin1');
    const content: Observation[] = [];
    return { said: decoder.line(bytes, 0, bytes.length, content), content };
  });
};

const again = fc.record({
  line: fc.nat(),
  place: fc.nat(),
  put: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.constantFrom(...'019a"{}[],:x \\')),
});

test('a reading that was met before, whole or hurt, is read as if it were met for the first time', () => {
  let met = 0;
  fc.assert(
    fc.property(frames, fc.array(again, { maxLength: 40 }), (list, more) => {
      const lines = written(list).trimEnd().split('\n');
      const readings = lines.filter((line) => /^\{"record":"(?:snapshot|host|blob)"/.test(line));
      met += readings.length;
      const repeated = more.map(({ line, place, put }) => {
        const text = readings[line % Math.max(1, readings.length)] ?? '';
        const at = place % Math.max(1, text.length);
        return put === '' ? text : text.slice(0, at) + put + text.slice(at + 1);
      });
      const all = [...lines, ...repeated];
      assert.deepEqual(readAll(all), readAll(all.map(slowly)));
    }),
    { numRuns: fuzzRuns(300) },
  );
  assert.ok(met > 0);
});

test('a reading that is written again after all was forgotten is the same text', () => {
  let met = 0;
  fc.assert(
    fc.property(frames, (list) => {
      const encoder = openEncoder();
      const bodies = (): readonly string[] =>
        list.flatMap((observations, index) =>
          encoder
            .frame({ observations, at: BigInt(index), offset: 0n })
            .split('\n')
            .flatMap((line) => (line.startsWith('{"record":"snapshot"') ? line.slice(line.indexOf('"evidence"')) : [])),
        );
      const first = bodies();
      encoder.forget();
      met += first.length;
      assert.deepEqual(bodies(), first);
    }),
    { numRuns: fuzzRuns(100) },
  );
  assert.ok(met > 0);
});
