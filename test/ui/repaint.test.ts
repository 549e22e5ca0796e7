import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openPace } from '../../ui/repaint.js';

test('after a rest some frames come at once, then ten a second for as long as there is something new', () => {
  const pace = openPace();
  const frames: number[] = [];
  for (let at = 0; at < 10_000; at += pace.gap(at, 0.1)) frames.push(at);
  const within = (from: number, to: number): number => frames.filter((at) => at >= from && at < to).length;
  assert.ok(within(0, 150) >= 5, `${within(0, 150)} at once`);
  assert.equal(within(5000, 10_000), 50);
  assert.ok(pace.gap(20_000, 0.1) <= 25, 'after a rest of ten seconds');
});

test('a frame that takes long is not followed at once, and the next one is never more than a tenth of a second away', () => {
  assert.equal(openPace().gap(0, 1), 50);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 50, noNaN: true }))),
      (frames) => {
        const pace = openPace();
        let at = 0;
        for (const [later, cost] of frames) {
          at += later;
          const gap = pace.gap(at, cost);
          assert.ok(gap >= 25 && gap <= 100, String(gap));
        }
      },
    ),
  );
});
