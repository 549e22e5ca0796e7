import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AT_SYSINFO_EHDR } from '../../src/model/evidence.js';
import { isVdsoNamed, isVvarNamed } from '../../src/model/vma.js';
import { ordinaryAuxv, ordinaryBlock, untouchedPages } from '../../src/proc/ordinary.js';
import { parseAuxv } from '../../src/proc/parse/auxv.js';
import { parseMaps } from '../../src/proc/parse/maps.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { auxvOf, block, FILE_LINE, mapsLine } from './made-up-proc.js';

const VDSO = 0x7f0d096d3000;

const line = fc.oneof(
  fc.record({
    pages: fc.integer({ min: 1, max: 4 }),
    gap: fc.integer({ min: 0, max: 1 }),
    permissions: fc.constantFrom('r--p', 'r-xp', 'rw-p', 'rwxp', '---p', 'r--s', '--xp'),
    name: fc.constantFrom(
      '[vdso]',
      '[vvar]',
      '[vvar_vclock]',
      '',
      '[heap]',
      '[stack]',
      '[uprobes]',
      '[vdso_data]',
      '[anon:v]',
    ),
    path: fc.constant(''),
  }),
  fc.record({
    pages: fc.integer({ min: 1, max: 4 }),
    gap: fc.integer({ min: 0, max: 1 }),
    permissions: fc.constantFrom('r--p', 'r-xp'),
    name: fc.constant(''),
    path: fc.constantFrom(
      '/x [vdso]',
      '/[vvar]',
      '/memfd:[vdso] (deleted)',
      '/lib/[',
      '/a[u',
      '/a\\012[vdso]',
      '/[vdso]x',
    ),
  }),
);

const mapsOf = (lines: readonly { pages: number; gap: number; permissions: string; name: string; path: string }[]) => {
  let at = VDSO;
  let text = FILE_LINE;
  for (const { pages, gap, permissions, name, path } of lines) {
    at += gap * 4096;
    const plain = mapsLine(at, pages, permissions, path === '' ? name : path);
    text += path === '' ? plain : plain.replace(' 00:00 0', ' fe:00 77');
    at += pages * 4096;
  }
  return text;
};

describe('the block of an ordinary process', () => {
  test('is what a full parse finds, or nothing is said', () => {
    let said = 0;
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.boolean(), (lines, whole) => {
        const text = mapsOf(lines) + (whole ? block(VDSO + 0x100000) : '');
        const found = ordinaryBlock(Buffer.from(text, 'latin1'));
        if (found === undefined) return;
        said += 1;
        const named = parseMaps(text).vmas.filter((vma) => isVdsoNamed(vma) || isVvarNamed(vma));
        assert.deepEqual(found, named);
        assert.equal(found.filter(isVdsoNamed).length, 1);
        assert.ok(found.every((vma, index) => index === 0 || found[index - 1]?.end === vma.start));
        assert.doesNotMatch(text, /\[uprobes\]|\[vdso\] |\/.*\[v/);
      }),
      { numRuns: fuzzRuns(2000) },
    );
    assert.ok(said > 10, 'some of them are ordinary');
  });

  test('is found in an ordinary maps, and not at its end or in a cut line', () => {
    const maps = FILE_LINE + block(VDSO) + mapsLine(0x7ffd2b9d3000, 33, 'rw-p', '[stack]');
    assert.equal(ordinaryBlock(Buffer.from(maps))?.length, 3);
    for (let length = 0; length < maps.indexOf('[vdso]') + 7; length += 1)
      assert.equal(ordinaryBlock(Buffer.from(maps.slice(0, length))), undefined, maps.slice(0, length));
  });

  test('any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        ordinaryBlock(Buffer.from(bytes));
        ordinaryAuxv(Buffer.from(bytes));
      }),
      { numRuns: fuzzRuns(1000) },
    );
  });
});

describe('the auxv of an ordinary process', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 2, max: 51 }), fc.integer({ min: 1, max: 2 ** 47 })), {
    selector: ([type]) => type,
    minLength: 3,
    maxLength: 22,
  });

  test('agrees with the parser that takes its time, 64-bit', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const bytes = auxvOf([AT_SYSINFO_EHDR, VDSO], ...list.filter(([type]) => type !== AT_SYSINFO_EHDR));
        const found = ordinaryAuxv(Buffer.from(bytes));
        const whole = parseAuxv(bytes);
        assert.equal(found?.wordSize, 8);
        assert.equal(found?.entries.get(AT_SYSINFO_EHDR), BigInt(VDSO));
        for (const [type, value] of found?.entries ?? []) assert.equal(whole?.entries.get(type), value);
      }),
      { numRuns: fuzzRuns(500) },
    );
  });

  test('and 32-bit', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const words = [32, 0xf7f0d5a0, AT_SYSINFO_EHDR, 0xf7f0d000];
        for (const [type, value] of list)
          if (type !== 32 && type !== AT_SYSINFO_EHDR) words.push(type, value % 2 ** 32 || 1);
        while (words.length % 4 !== 2) words.push(34, 1);
        const bytes = new Uint8Array(new Uint32Array([...words, 0, 0]).buffer);
        const found = ordinaryAuxv(Buffer.from(bytes));
        assert.equal(found?.wordSize, 4);
        assert.equal(found?.entries.get(AT_SYSINFO_EHDR), 0xf7f0d000n);
        assert.equal(found?.entries.get(32), 0xf7f0d5a0n);
      }),
      { numRuns: fuzzRuns(500) },
    );
  });
});

test('untouched pages: the kernel’s own, not there, or marked soft-dirty only', () => {
  const is = (...words: readonly bigint[]) => untouchedPages(new BigUint64Array(words));
  assert.equal(is(0xa000000000002861n, 0n, 0x0080000000000000n, 0xa100000000002861n, 0xa000000000000000n), true);
  assert.equal(is(0x8100000000012345n), false, 'copied');
  assert.equal(is(0xa000000000002861n, 0x8000000000012345n), false, 'copied, shared after a fork');
  assert.equal(is(0x4000000000012345n), false, 'copied and swapped out');
});
