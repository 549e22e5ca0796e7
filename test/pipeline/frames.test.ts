import assert from 'node:assert/strict';
import { test } from 'node:test';
import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { frames } from '../../src/pipeline/frames.js';

const check = (marbles: string, expected: string): void => {
  new TestScheduler((actual, wanted) => assert.deepEqual(actual, wanted)).run(({ hot, expectObservable }) => {
    expectObservable(
      hot(marbles).pipe(
        frames(5),
        map((frame) => frame.join('')),
      ),
    ).toBe(expected, {
      ...Object.fromEntries([...'abcdef'].map((letter) => [letter, letter])),
      X: 'bc',
      Y: 'ab',
      Z: 'bcd',
    });
  });
};

test('a lone value goes out at once', () => check('a---------b---|', 'a---------b---|'));
test('what follows within the time goes out together', () => check('a-bc------d---|', 'a----X----d---|'));
test('what comes in one turn belongs together', () => check('(ab)-------|', 'Y----------|'));
test('completion sends the rest', () => check('a-bcd|', 'a----(Z|)'));
test('nothing is sent for nothing', () => check('------|', '------|'));
