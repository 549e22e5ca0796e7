import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeText, printable } from '../src/text/escape.js';

test('a newline, an escape sequence, C1, bidi and emoji in a name never reach the terminal', () => {
  assert.equal(escapeText('a\nb'), 'a\\nb');
  assert.equal(escapeText('\u001b[2J'), '\\x1b[2J');
  assert.equal(escapeText('\u009b2J\u202e\u{1f680}'), '\\u{9b}2J\\u{202e}\\u{1f680}');
  assert.equal(printable('caf\u00c3\u00a9'), 'café');
  assert.equal(printable('bad\u00ff'), 'bad\\xff');
});

test('no input leaves a control character, and different inputs stay different', () => {
  const bytes = fc.string({ unit: 'binary-ascii' });
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      assert.match(printable(one), /^[^\p{C}]*$/u);
      if (one !== other) assert.notEqual(printable(one), printable(other));
    }),
  );
});
