import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseStat, type Stat } from '../../../src/proc/parse/stat.js';
import { fuzzRuns } from '../../fuzz-runs.js';
import { statLine } from '../made-up-proc.js';

/** The plain way: everything by one regular expression. */
const plainly = (text: string): Stat | undefined => {
  const match =
    /^(\d{1,10}) \((.*)\) ([A-Za-z]) (\d{1,10})(?: -?\d{1,20}){4} (\d{1,10})(?: -?\d{1,20}){12} (\d{1,20})(?=[ \n]|$).*$/s.exec(
      text,
    );
  if (match === null || match[0].lastIndexOf(')') !== (match[1] ?? '').length + 2 + (match[2] ?? '').length)
    return undefined;
  const [, pid, comm = '', state = '', parent, flags, ticks = ''] = match;
  return {
    pid: Number(pid),
    comm,
    state,
    parent: Number(parent),
    kernelThread: (Number(flags) & 0x200000) !== 0,
    startTicks: BigInt(ticks),
  };
};

const line = fc
  .record({
    pid: fc.nat(),
    comm: fc.oneof(
      fc.constantFrom('', 'sleep', 'a) S 1 (b', ')', '((', 'x) R 1 2 3', '\n', ' '),
      fc.string({ unit: 'binary-ascii', maxLength: 15 }),
    ),
    state: fc.constantFrom('S', 'Z', 'R', 't', '5', 'SS', ''),
    fields: fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String) },
        fc.constantFrom('-1', '0', '', '-', '1x', '123456789012345678901'),
      ),
      {
        minLength: 17,
        maxLength: 22,
      },
    ),
    small: fc.constantFrom('1', '4194560', '2129984', '99999999999', '-1'),
    end: fc.constantFrom('', '\n', ' ', 'x'),
  })
  .map(({ pid, comm, state, fields, small, end }) => {
    const all = fields.map((field, index) => (index === 0 || index === 5 ? small : field));
    return `${pid} (${comm}) ${state} ${all.join(' ')}${end}`;
  });

describe('a line of stat', () => {
  test('is read as one regular expression reads it, or not at all', () => {
    let read = 0;
    fc.assert(
      fc.property(line, (text) => {
        const found = parseStat(text);
        if (found !== undefined) read += 1;
        assert.deepEqual(found, plainly(text));
      }),
      { numRuns: fuzzRuns(5000) },
    );
    assert.ok(read > 50, 'some of them are lines of stat');
  });

  test('cut anywhere', () => {
    const text = statLine(7, 'a) S 1 (b');
    for (let length = 0; length <= text.length; length += 1)
      assert.deepEqual(parseStat(text.slice(0, length)), plainly(text.slice(0, length)), `${length} characters`);
  });
});
