import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { filled, formOf } from '../../src/report/alike.js';
import { fuzzRuns } from '../fuzz-runs.js';

const PAGE = 0x1000n;

/** Words of a text, and addresses as the distance from where all of it lies. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom('0x', '-', '"', ' decade ', '4026531838', '\\u{9b}', 'page 0,1', '{"vdso":', 'g', 'deadbeef.', ''),
    fc.integer({ min: 0, max: 15 }).map((page) => BigInt(page) * PAGE),
  ),
  { maxLength: 12 },
);

const textAt = (all: readonly (string | bigint)[], place: bigint): string =>
  all.map((piece) => (typeof piece === 'string' ? piece : `@${(place + piece).toString(16)};`)).join('');

describe('a text with its addresses left open', () => {
  test('is that of every other place', () => {
    let made = 0;
    const place = fc.bigInt({ min: 0x36n, max: 0x7ffffffffn }).map((page) => page * PAGE);
    fc.assert(
      fc.property(pieces, place, place, (all, first, other) => {
        const form = formOf(textAt(all, first), textAt(all, first + PAGE), PAGE);
        if (form === undefined) return;
        made += 1;
        assert.equal(filled(form, other - first), textAt(all, other));
      }),
      { numRuns: fuzzRuns(1000) },
    );
    assert.ok(made > 100, 'most have a form');
  });

  test('is not made where anything else than addresses differs', () => {
    assert.equal(formOf('7f001000 and a', '7f002000 and b', PAGE), undefined);
    assert.equal(formOf('7f001000', '7f003000', PAGE), undefined);
    assert.equal(formOf('07f001000', '07f002000', PAGE), undefined);
    assert.equal(formOf('7f001000', '7f002000 7f002000', PAGE), undefined);
    assert.equal(formOf('fff', '1fff', PAGE), undefined);
  });
});
