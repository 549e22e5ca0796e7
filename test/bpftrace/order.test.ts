import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { from, lastValueFrom, map, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { order } from '../../src/bpftrace/order.js';
import { fuzzRuns } from '../fuzz-runs.js';

/** Letters are events whose clock is their place in the alphabet. */
const event = (letter: string) => ({ at: BigInt(letter.charCodeAt(0)), letter });
const ordered = (source: string, expected: string): void =>
  new TestScheduler((actual, wanted) => assert.deepEqual(actual, wanted)).run(({ hot, expectObservable }) => {
    const out = hot(source).pipe(
      map(event),
      order(10),
      map(({ letter }) => letter),
    );
    expectObservable(out).toBe(expected);
  });

test('an event goes out one window after it came', () => {
  ordered('a', '10ms a');
});

test('an event that came late, within the window, gets its place', () => {
  // b is due at 10 ms; a, which came after it and is older, goes with it.
  ordered('b---a', '10ms (ab)');
});

test('an event that came too late goes out by itself, and is not dropped', () => {
  ordered('b 20ms a', '10ms b 20ms a');
});

test('what is not due is not held up by, nor sent with, what is', () => {
  ordered('a 5ms b', '10ms a 5ms b');
});

test('a clock that jumps ahead delays nobody', () => {
  ordered('z 5ms a 12ms b', '10ms (az) 15ms b');
});

test('at the end everything held goes out, oldest first', () => {
  ordered('cba|', '---(abc|)');
});

test('an error passes at once', () => {
  ordered('a--#', '---#');
});

test('every event goes out exactly once, in order when all came within one window', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.bigInt({ min: 0n, max: 50n }), { maxLength: 200 }), async (times) => {
      const events = times.map((at, index) => ({ at, index }));
      const out = await lastValueFrom(from(events).pipe(order(1000), toArray()));
      const sorted = [...events].sort((a, b) => (a.at === b.at ? a.index - b.index : a.at < b.at ? -1 : 1));
      assert.deepEqual(out, sorted);
    }),
    { numRuns: fuzzRuns(100) },
  );
});
