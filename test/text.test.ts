import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isNamed } from '../src/text/comm.js';
import { escapeText, printable } from '../src/text/escape.js';

test('a newline, an escape sequence, C1, bidi and emoji in a name never reach the terminal', () => {
  assert.equal(escapeText('a\nb'), 'a\\nb');
  assert.equal(escapeText('\u001b[2J'), '\\x1b[2J');
  assert.equal(escapeText('\u009b2J\u202e\u{1f680}'), '\\u{9b}2J\\u{202e}\\u{1f680}');
  assert.equal(printable('caf\u00c3\u00a9'), 'café');
  assert.equal(printable('bad\u00ff'), 'bad\\xff');
});

test('a name in other letters, cut off by the kernel within one of them, is shown as bytes from end to end', () => {
  // What prctl(PR_SET_NAME, "Ünmäpper漢字") leaves: 15 bytes.
  const comm = Buffer.from('Ünmäpper漢字').subarray(0, 15).toString('latin1');
  assert.equal(printable(comm), 'Ünmäpper漢\\xe5\\xad');
  // Overlong, and half of a surrogate pair: UTF-8 has no such.
  assert.equal(printable('\u00e0\u0080\u0080'), '\\xe0\\x80\\x80');
  assert.equal(printable('\u00ed\u00a0\u0080'), '\\xed\\xa0\\x80');
});

test('no input leaves a control character, and different inputs stay different', () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const bytes = fc.string({ unit: byte });
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      assert.match(printable(one), /^[^\p{C}]*$/u);
      if (one !== other) assert.notEqual(printable(one), printable(other));
    }),
  );
});

test('a name that is longer than the kernel keeps is found by what it keeps of it, and by no more', () => {
  assert.ok(isNamed('perl', 'perl'));
  assert.ok(isNamed('none-amd64-linu', 'none-amd64-linux'));
  assert.ok(isNamed('kworker/R-ext4-rsv-conversion', 'kworker/R-ext4-rsv-conversion'));
  assert.ok(!isNamed('perl', 'perl5.36'));
  assert.ok(!isNamed('none-amd64-linu', 'none-amd64-lin'));
  assert.ok(!isNamed('none-amd64-lin', 'none-amd64-linux'));
});

test('a name in other letters that is cut off within one of them is not found by its whole', () => {
  const comm = (name: string): string => printable(Buffer.from(name).subarray(0, 15).toString('latin1'));
  assert.ok(isNamed(comm('Планировщик'), 'Планировщик'));
  assert.ok(!isNamed(comm('Планировщик'), 'Планиро'));
});
