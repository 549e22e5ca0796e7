import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasKernelName, isVdsoNamed, type Vma } from '../../../src/model/vma.js';
import { parseMaps, parseMapsLine } from '../../../src/proc/parse/maps.js';
import { fuzzRuns } from '../../fuzz-runs.js';

const only = (line: string): Vma => {
  const vma = parseMapsLine(line);
  assert.ok(vma, line);
  return vma;
};

test('a line of every kernel is read column by column', () => {
  const vma = only('7f8f64b90000-7f8f64b92000 r-xp 00000000 00:00 0                          [vdso]');
  assert.deepEqual(vma, {
    start: 0x7f8f64b90000n,
    end: 0x7f8f64b92000n,
    read: true,
    write: false,
    execute: true,
    shared: false,
    offset: 0n,
    device: '00:00',
    inode: 0n,
    name: '[vdso]',
  });
  assert.ok(isVdsoNamed(vma));
});

test('the top of the address space, a nameless line and a 32-bit line', () => {
  assert.equal(
    only('ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]').start,
    0xffffffffff600000n,
  );
  assert.equal(only('00406000-00420000 rw-p 00000000 00:00 0 ').name, '');
  assert.equal(only('00406000-00420000 rw-p 00000000 00:00 0').name, '');
  assert.equal(only('b779a000-b779b000 r-xp 00000000 00:00 0          [vdso]').start, 0xb779a000n);
  assert.equal(only('7ffffffffffff001-ffffffffffffffff r--p ffffffffffffffff 00:00 0 ').offset, 0xffffffffffffffffn);
});

test('names that only look like [vdso] keep what tells them apart', () => {
  const lines = [
    '7f8f6498e000-7f8f64990000 r-xp 00000000 00:29 2                          /[vdso]',
    '7f8f64b7e000-7f8f64b80000 r-xp 00000000 fe:00 2287977                    /tmp/x/del [vdso] (deleted)',
    '7f8f64b86000-7f8f64b88000 r-xp 00000000 00:01 5348                       /memfd:[vdso] (deleted)',
    '7f8f64b84000-7f8f64b86000 r-xp 00000000 00:01 5349                       /memfd:x\\0127fff00000000-7fff00002000 r-xp 00000000 00:00 0 [vdso] (deleted)',
    '7f8f64996000-7f8f64998000 r-xp 00000000 fe:00 2287978                    /tmp/nl\\012[vdso]',
    '7f8f64996000-7f8f64998000 r-xp 00000000 fe:00 2287978                    /tmp/cr\r[vdso]',
    '7f8f64996000-7f8f64998000 r-xp 00000000 00:00 0                          [vdso] ',
    '7f8f64996000-7f8f64998000 rw-p 00000000 00:00 0                          [anon:vdso]',
    '7f8f64996000-7f8f64998000 r-xp 00000000 00:00 77                         [vdso]',
    '7f8f64996000-7f8f64998000 r-xp 00000000 08:01 0                          [vdso]',
  ];
  for (const line of lines) assert.equal(isVdsoNamed(only(line)), false, line);
  assert.equal(only(lines[5] ?? '').name, '/tmp/cr\r[vdso]');
});

test('arm signal page, deleted shared memory of 2.6.32, and a second blank before the name', () => {
  assert.ok(hasKernelName(only('f7ee9000-f7eea000 r-xp 00000000 00:00 0      [sigpage]'), '[sigpage]'));
  assert.equal(
    only('7ffd279c5000-7ffd279c7000 rw-s 00000000 00:04 1163                        (deleted)/dev/zero').name,
    '(deleted)/dev/zero',
  );
});

test('lines no kernel prints are faults with their number, and the rest is kept', () => {
  const { vmas, faults } = parseMaps(
    [
      '1000-2000 r-xp 00000000 00:00 0 ',
      '2000-1000 r-xp 00000000 00:00 0 ',
      'zz-2000 r-xp 0 00:00 0',
      '1000-2000 r-xp',
      '',
      '1000-2000 r-x? 00000000 00:00 0 ',
      '1000-20000000000000000 r-xp 00000000 00:00 0 ',
      '1000-2000 r-xp 00000000 00:00 123456789012345678901 ',
      '1000-2000 r-xp 00000000 00:00 -1 ',
      '3000-4000 r-xp 00000000 00:00 0 ',
    ].join('\n'),
  );
  assert.deepEqual(
    vmas.map(({ start }) => start),
    [0x1000n, 0x3000n],
  );
  assert.deepEqual(
    faults.map(({ line }) => line),
    [2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('whatever is printed is read back', () => {
  const word = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
  const name = fc
    .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) })
    .map((text) => text.replace(/\n/g, '').replace(/^ +/, ''));
  fc.assert(
    fc.property(word, word, word, fc.boolean(), name, (one, other, offset, shared, path) => {
      fc.pre(one !== other);
      const [start, end] = one < other ? [one, other] : [other, one];
      const pad = (value: bigint): string => value.toString(16).padStart(8, '0');
      const line = `${pad(start)}-${pad(end)} r-x${shared ? 's' : 'p'} ${pad(offset)} fe:00 42 ${path}`;
      const vma = only(line);
      assert.equal(vma.start, start);
      assert.equal(vma.end, end);
      assert.equal(vma.offset, offset);
      assert.equal(vma.shared, shared);
      assert.equal(vma.name, path);
    }),
    { numRuns: fuzzRuns(1000) },
  );
});

test('any bytes at all: no exception, every line is a mapping or a fault', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary-ascii' }),
    fc.constantFrom('-', ' ', '\n', '00:00', 'r-xp', '7fff00000000', '[vdso]', '0', 'ffffffffffffffff', '\r'),
    fc.constantFrom('\n1000-2000 r-xp 00000000 00:00 0 ', '\n2000-1000 rw-p 00000000 00:00 0 \n'),
  );
  let kept = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const { vmas, faults } = parseMaps(text);
      const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
      assert.equal(vmas.length + faults.length, lines);
      for (const { start, end } of vmas) assert.ok(start < end);
      kept += vmas.length;
    }),
    { numRuns: fuzzRuns(1000) },
  );
  assert.ok(kept > 0, 'no mapping among them');
});
