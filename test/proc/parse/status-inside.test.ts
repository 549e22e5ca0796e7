import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insidePid, parseStatus } from '../../../src/proc/parse/status.js';

test('only a process of a pid namespace below ours has another number inside', () => {
  const inside = (lines: string) => insidePid(parseStatus(`Name:\tx\n${lines}`)).insidePid;
  assert.equal(inside('NSpid:\t70\t1\n'), 1);
  assert.equal(inside('NSpid:\t70\t9\t3\n'), 3);
  assert.equal(inside('NSpid:\t70\n'), undefined);
  assert.equal(inside('Pid:\t70\n'), undefined, 'before 4.1');
});
