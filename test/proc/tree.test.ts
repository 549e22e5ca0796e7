import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processTree } from '../../src/proc/tree.js';

test('a tree is its root and all below it, each once, parents first', () => {
  const parents = new Map([
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [9, 1],
  ]);
  assert.deepEqual(processTree([2, 3], parents), [2, 3, 4, 5]);
  assert.deepEqual(processTree([77], parents), [77]);
});

test('parents in a circle, as a torn census can show them, end', () => {
  const circle = new Map([
    [1, 2],
    [2, 1],
  ]);
  assert.deepEqual(processTree([1], circle), [1, 2]);
});
