import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzzRuns } from '../fuzz-runs.js';
import { frames } from './arbitraries.js';
import { header, inPieces, written } from './recording.js';

test('what is written comes back, frame by frame, however the bytes arrive', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 5000 }), (list, size) => {
      const text = written(list);
      assert.match(text, /^[\n -~]*$/);
      const items = inPieces(Buffer.from(text, 'latin1'), size);
      const [first, ...rest] = items;
      assert.deepEqual(first, { kind: 'header', header: { record: 'header', ...header } });
      assert.deepEqual(
        rest.map((item) => (item.kind === 'frame' ? item.frame.content : item)),
        list,
      );
    }),
    { numRuns: fuzzRuns(300) },
  );
});
