import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePids } from '../../src/verbs/options.js';

test('numbers are pids', () => {
  assert.deepEqual(parsePids(['1', '4194304']), { ok: true, value: [1, 4194304] });
  assert.deepEqual(parsePids([]), { ok: true, value: [] });
});

test('anything else is named, escaped, in one sentence', () => {
  for (const word of ['', '0', '01', '-1', '1.5', '0x10', ' 1', '1 ', 'x', '99999999999999999999']) {
    const result = parsePids(['1', word]);
    assert.ok(!result.ok, word);
    assert.equal(result.failure.kind, 'usage');
  }
  const hostile = parsePids(['\u001b[2J']);
  assert.ok(!hostile.ok && !hostile.failure.text.includes('\u001b'));
});
