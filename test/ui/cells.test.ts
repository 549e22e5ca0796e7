import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { cellWidth, cut, fit, guard, wrap } from '../../ui/cells.js';
import { openScreen } from '../../ui/screen.js';
import { PLAIN_THEME } from '../../ui/theme.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { headless } from './headless.js';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

/** Every character of the basic plane that is let through. */
const letThrough = (): readonly string[] =>
  Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => guard(character) === character,
  );

/** All of the small blocks; of Han and Hangul, tens of thousands alike, every 17th. */
const sample = (characters: readonly string[]): readonly string[] =>
  characters.filter((character, index) => character < '\u3400' || character > '\ud7a3' || index % 17 === 0);

test('every character that is let through is as wide for string-width as cellWidth says', () => {
  const all = letThrough();
  assert.ok(all.length > 30_000, `${all.length}`);
  for (const character of all) assert.equal(cellWidth(character), stringWidth(character), character);
});

test('every character that is let through is shown by a terminal as it is, in its cells', async () => {
  const size = { cols: 100, rows: 100 };
  const terminal = headless(size);
  const screen = openScreen(
    terminal.input,
    terminal.output,
    { name: 'xterm-256color', theme: PLAIN_THEME },
    {
      key: () => {},
      resize: () => {},
    },
  );
  const lines: string[] = [];
  let line = '';
  for (const character of sample(letThrough())) {
    if (cellWidth(line) + cellWidth(character) > size.cols - 1) {
      lines.push(line);
      line = '';
    }
    line += character;
  }
  lines.push(line);
  for (let from = 0; from < lines.length; from += size.rows) {
    // The mark in the last cell moves when anything before it is wider or narrower than thought.
    const page = lines.slice(from, from + size.rows).map((text) => `${fit(text, size.cols - 1, '')}#`);
    screen.paint(page);
    const shown = await terminal.lines();
    assert.deepEqual(shown.slice(0, page.length), page);
  }
  screen.close();
});

test('nothing that a terminal could act on, reorder or misplace is let through', () => {
  fc.assert(
    fc.property(anyText, fc.boolean(), (text, unicode) => {
      const safe = guard(text, unicode);
      assert.doesNotMatch(safe, /[\p{C}\p{M}\p{Zl}\p{Zp}\u{10000}-\u{10ffff}]/u);
      assert.doesNotMatch(safe, /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/);
      if (!unicode) assert.match(safe, /^[ -~]*$/);
    }),
    { numRuns: fuzzRuns(500) },
  );
  assert.equal(guard('a\x1b[2Jb'), 'a\\x1b[2Jb');
  assert.equal(guard('\u{1f680}'), '\\u{1f680}');
  assert.equal(guard('\u05d0\u202e'), '\\u{5d0}\\u{202e}');
  assert.equal(guard('漢字', false), '\\u{6f22}\\u{5b57}');
});

test('fit gives exactly the width, cut at most', () => {
  fc.assert(
    fc.property(anyText, fc.nat(40), fc.constantFrom('left', 'right'), (text, width, align) => {
      const safe = guard(text);
      assert.equal(stringWidth(fit(safe, width, '…', align)), width);
      assert.ok(stringWidth(cut(safe, width, '…')) <= width);
    }),
    { numRuns: fuzzRuns(500) },
  );
});

test('wrap loses nothing but blanks at breaks and never exceeds the width', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 40 }), (text, width) => {
      const safe = guard(text);
      const lines = wrap(safe, width);
      for (const line of lines) assert.ok(stringWidth(line) <= width);
      assert.equal(lines.join('').replaceAll(' ', ''), safe.replaceAll(' ', ''));
    }),
    { numRuns: fuzzRuns(500) },
  );
});
