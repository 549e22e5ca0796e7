import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventLine } from '../../src/trace/encode-event.js';
import { openMoveLines } from '../../src/trace/move-line.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { moved } from '../pipeline/build.js';

/** What is made of the line of a move must not depend on the lines before it, whatever they were. */

const lineOf = (who: Parameters<typeof moved>[0], text: string): string => {
  const event = moved(who);
  const said = { at: event.at, pid: event.tgid, comm: event.comm, space: 'ctx:3', severity: 'warning', text } as const;
  const happening = { kind: 'event', event, target: event.tgid, snapshot: 'asked' } as const;
  return eventLine(happening, { ...said, event, finding: undefined });
};

/** Mostly as long as each other: then a line may be as the one before. */
const address = fc.oneof(
  { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 0xffffn }) },
  { weight: 20, arbitrary: fc.bigInt({ min: 0x7f00_0000_0000n, max: 0x7fff_ffff_f000n }) },
);

const line = fc
  .record({
    pid: fc.constantFrom(7, 7, 8),
    at: fc.oneof(
      { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 1n << 63n }) },
      { weight: 20, arbitrary: fc.bigInt({ min: 1_000_000n, max: 9_999_999n }) },
    ),
    in: fc.constantFrom(3, 3, 4),
    from: address,
    to: address,
    text: fc.constantFrom(
      'mremap(0x1000, 0x2000) = 0x7f00: vDSO moved from 0x1000 to 0x7f00',
      'mremap(0x1f00, 0x2000) = 0x7000: vDSO moved from 0x1f00 to 0x7000',
      'mremap(0x1f00, 0x0) = 0: vDSO moved from 0x1f00 to 0x',
      'mremap(0x1f00, 0x2000) = 0x7000: vDSO lies in 0x1f00 to 0x7000',
    ),
  })
  .map(({ text, ...who }) => lineOf(who, text));

const wound = fc.record({
  place: fc.nat(600),
  gone: fc.constantFrom(0, 1, 1, 1, 2),
  put: fc.constantFrom('0', '1', 'a', 'f', 'g', 'F', '"', '\\', ':', ',', '}', ' ', '\u00ff', '', '00'),
});

/** A few bytes of it are others, or there are more or less of them; where its numbers begin, now and then. */
const hurt = fc
  .tuple(line, fc.array(wound, { minLength: 1, maxLength: 2 }), fc.boolean())
  .map(([text, wounds, numbers]) =>
    wounds.reduce((rest, { place, gone, put }) => {
      const digits = [...rest.matchAll(/0x/g)].map(({ index }) => index + 2);
      const at = (numbers ? digits[place % Math.max(1, digits.length)] : undefined) ?? place % rest.length;
      return rest.slice(0, at) + put + rest.slice(at + gone);
    }, text),
  );

test('the line of a move is read as if it were the first', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: line }, hurt), { maxLength: 40 }), (lines) => {
      const bytes = Buffer.from(lines.join('\n'), 'latin1');
      const inOrder = openMoveLines();
      let from = 0;
      for (const { length } of lines) {
        assert.deepEqual(inOrder(bytes, from, from + length), openMoveLines()(bytes, from, from + length));
        from += length + 1;
      }
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('what follows the pattern is a move, what is hurt is none', () => {
  const text = (at: bigint, to: bigint): string =>
    lineOf(
      { at, pid: 7, in: 3, from: 0x7f00_0000_0000n, to },
      'mremap(0x1000) = 0x7f00: vDSO moved from 0x1000 to 0x7f00',
    );
  const read = openMoveLines();
  const isMove = (one: string): boolean => read(Buffer.from(one, 'latin1'), 0, one.length) !== undefined;
  assert.equal(isMove(text(1000n, 0x7e00_0000_0000n)), true);
  const next = text(2000n, 0x7d00_0000_0000n);
  assert.equal(isMove(next), true);
  for (const [place, byte] of [...next].entries()) {
    const changed = `${next.slice(0, place)}${byte === '"' ? 'x' : '"'}${next.slice(place + 1)}`;
    assert.equal(isMove(changed), false, changed);
  }
});
