import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellWidth } from '../../ui/cells.js';
import { changeOf } from '../../ui/change.js';
import { line, type Span } from '../../ui/line.js';
import type { Theme } from '../../ui/theme.js';
import { fuzzRuns } from '../fuzz-runs.js';

const THEME: Theme = { depth: 256, attributes: true, unicode: true };
const WIDTH = 24;

/** A terminal that knows the three sequences of ours: each cell as "style character". */
const terminal = () => {
  const rows: string[][] = [[], [], []];
  let [row, column, style] = [0, 0, ''];
  const write = (text: string): void => {
    for (const [piece, at, codes] of text.matchAll(/\x1b\[(?:(\d+;\d+)H|([\d;]*)m)|[^\x1b]/gu)) {
      if (at !== undefined) [row = 0, column = 0] = at.split(';').map((number) => Number(number) - 1);
      else if (codes !== undefined) style = codes;
      else {
        const cells = rows[row] ?? assert.fail('below the last line');
        cells[column++] = `${style} ${piece}`;
        // The second cell of a wide one.
        if (cellWidth(piece) === 2) cells[column++] = `${style} +`;
      }
    }
  };
  return { rows, write, style: () => style };
};

const spans: fc.Arbitrary<readonly Span[]> = fc.array(
  fc.record({
    text: fc.string({ unit: fc.constantFrom('a', 'b', ' ', '7', 'm', '漢', '│'), maxLength: 8 }),
    style: fc.constantFrom(undefined, 'dim', 'error', 'loud', 'title'),
  }),
  { maxLength: 6 },
);
const screenful = fc.array(
  fc
    .tuple(spans, fc.constantFrom(undefined, 'selected' as const))
    .map(([words, base]) => line(words, { width: WIDTH, theme: THEME }, base)),
  { minLength: 3, maxLength: 3 },
);

const shownAfter = (...screens: readonly (readonly string[])[]) => {
  const screen = terminal();
  let before: readonly string[] = [];
  for (const lines of screens) {
    screen.write(changeOf(before, lines));
    before = lines;
  }
  return screen;
};

test('a terminal that showed the old lines shows the new ones, as if there had been no others', () => {
  fc.assert(
    fc.property(screenful, screenful, (before, after) => {
      const changed = shownAfter(before, after);
      assert.deepEqual(changed.rows, shownAfter(after).rows);
      assert.equal(changed.style(), '', 'no style is left on');
    }),
    { numRuns: fuzzRuns(2000) },
  );
});

test('lines that differ in one place are written there alone', () => {
  const canvas = { width: 60, theme: THEME };
  const drawn = (age: string, style: Span['style']): string =>
    line(
      [
        { text: '漢 moved detached ', style: 'error' },
        { text: age, style },
        { text: ' vvar-detached', style: 'error' },
      ],
      canvas,
    );
  const before = [drawn('4s', 'dim'), drawn('4s', 'dim')];
  assert.equal(changeOf(before, before), '');
  assert.equal(changeOf(before, [drawn('4s', 'dim'), drawn('5s', 'dim')]), '\x1b[2;19H\x1b[38;5;245m5\x1b[m');
});

test('what is of another style is written again, though it reads the same', () => {
  const canvas = { width: 4, theme: THEME };
  const [red, bold] = (['error', 'title'] as const).map((style) => line([{ text: 'abcd', style }], canvas));
  assert.equal(changeOf([red ?? ''], [bold ?? '']), '\x1b[1;1H\x1b[1mabcd\x1b[m');
});
