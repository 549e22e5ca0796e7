import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore } from '../../src/model/store.js';

test('the oldest of too many goes, and what was put again is not the oldest', () => {
  const store = openStore<string, number>(2);
  store.put('a', 1);
  store.put('b', 2);
  store.put('a', 3);
  store.put('c', 4);
  assert.deepEqual([store.get('a'), store.get('b'), store.get('c')], [3, undefined, 4]);
});

test('what is too heavy together is dropped, oldest first; a weight goes with its thing', () => {
  const store = openStore<string, string>(10, 8);
  store.put('a', 'A', 4);
  store.put('a', 'A', 3);
  store.put('b', 'B', 5);
  assert.equal(store.get('a'), 'A', 'a weight that was replaced does not count');
  store.put('c', 'C', 1);
  assert.equal(store.get('a'), undefined);
  assert.equal(store.get('b'), 'B');
  store.put('d', 'D', 9);
  assert.equal(store.get('d'), undefined, 'heavier than all that is kept');
});

test('a store that was cleared has room for as much as before', () => {
  const store = openStore<string, string>(10, 4);
  store.put('a', 'A', 4);
  store.clear();
  store.put('b', 'B', 4);
  assert.equal(store.get('a'), undefined);
  assert.equal(store.get('b'), 'B');
});
