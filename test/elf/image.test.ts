import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { looksLikeVdso, readElfImage } from '../../src/elf/image.js';
import { symtableCheck } from '../../src/judge/criu/symtable.js';
import { parseMark } from '../../src/judge/mark.js';
import { findTrampolines } from '../../src/judge/proxy.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { headerOnly, markBytes, proxyImage, vdsoImage } from '../judge/images.js';

test('class, machine and byte order name the image', () => {
  const images = [
    [{}, 'x86_64'],
    [{ bits: 32, machine: 3 }, 'i386'],
    [{ bits: 32, machine: 62 }, 'x32'],
    [{ machine: 183 }, 'aarch64'],
    [{ bits: 32, machine: 40 }, 'arm'],
    [{ machine: 243 }, 'riscv64'],
    [{ machine: 22, littleEndian: false }, 's390x'],
    [{ machine: 21 }, 'ppc64le'],
    [{ machine: 21, littleEndian: false }, 'ppc64'],
    [{ machine: 258 }, 'loongarch64'],
    [{ machine: 999 }, undefined],
  ] as const;
  for (const [made, name] of images) {
    assert.equal(readElfImage(vdsoImage(made))?.image, name);
    assert.equal(readElfImage(headerOnly(made))?.image, name, '64 bytes are enough');
  }
});

test('soname, symbols, version note and size, in both classes and byte orders', () => {
  for (const bits of [32, 64] as const)
    for (const littleEndian of [true, false]) {
      const machine = bits === 32 ? 3 : littleEndian ? 62 : 22;
      const image = readElfImage(vdsoImage({ bits, littleEndian, machine }));
      assert.equal(image?.soname, 'linux-vdso.so.1');
      assert.equal(image?.linuxVersion, '6.18.44');
      assert.equal(image?.symbols.get('__vdso_gettimeofday'), 0x810);
      assert.equal(image?.programSize, 0x1522);
      assert.ok(image !== undefined && looksLikeVdso(image) === 'yes');
    }
});

test('an image linked for an address (x86-64 before 3.16, COMPAT_VDSO) has the same offsets', () => {
  const image = readElfImage(vdsoImage({ base: 0xffffffffff700000n }));
  assert.equal(image?.soname, 'linux-vdso.so.1');
  assert.equal(image?.symbols.get('__vdso_clock_gettime'), 0xaf0);
});

test('arm64 since 6.11: symbols without a sysv hash', () => {
  const image = readElfImage(vdsoImage({ machine: 183, withoutSysvHash: true }));
  assert.equal(image?.symbols.get('__vdso_clock_gettime'), 0xaf0);
});

test('a library is none, a header alone may be one, an executable is none', () => {
  const looks = (bytes: Uint8Array): string | undefined => {
    const image = readElfImage(bytes);
    return image === undefined ? undefined : looksLikeVdso(image);
  };
  assert.equal(looks(vdsoImage({ soname: 'libc.so.6' })), 'no');
  assert.equal(looks(vdsoImage({ soname: 'linux-gate.so.1' })), 'yes');
  assert.equal(looks(headerOnly()), 'maybe');
  const executable = headerOnly();
  executable[16] = 2;
  assert.equal(looks(executable), 'no');
  assert.equal(looks(new Uint8Array(64)), undefined);
});

test("CRIU's symbol table check: what it takes, what it refuses, and in which words", () => {
  const says = (bytes: Uint8Array, size = bytes.length, bits: 32 | 64 = 64) => symtableCheck(bytes, size, bits);
  assert.equal(says(vdsoImage()).passes, true);
  assert.equal(says(vdsoImage({ symbols: { nothing_of_a_vdso: 1 }, soname: null })).passes, true, 'any ELF will do');
  assert.equal(says(vdsoImage({ bits: 32, machine: 3 }), 0x2000, 32).passes, true);
  assert.deepEqual(says(vdsoImage({ bits: 32, machine: 3 })), { passes: false, line: 'Unsupported ELF class: 1' });
  assert.deepEqual(says(vdsoImage({ littleEndian: false })), {
    passes: false,
    line: 'Unsupported ELF data encoding: 2',
  });
  assert.deepEqual(says(new Uint8Array(64).fill(0xcc)), { passes: false, line: 'Invalid ELF magic' });
  assert.equal(says(headerOnly(), 0x2000).passes, 'unknown', 'the bytes end before the answer');
  const bytes = vdsoImage();
  bytes[7] = 9;
  assert.deepEqual(says(bytes), { passes: false, line: 'Unsupported OSABI version: 9' });
  const twice = vdsoImage();
  twice[64 + 56] = 1;
  assert.deepEqual(says(twice), { passes: false, line: 'Second PT_LOAD header' });
});

test('marks of each version, of either byte order, and none', () => {
  for (const version of [1, 2, 3] as const) {
    const bytes = markBytes(version, { proxy: 0x7f1n, vvar: 0x7f2n, runtimeVvar: 0x30000n });
    const mark = parseMark(bytes);
    assert.equal(mark?.version, version);
    assert.equal(mark?.proxy, 0x7f1n);
    assert.equal(mark?.proxyVvar, version === 1 ? undefined : 0x7f2n);
    assert.equal(mark?.runtimeVvar, version === 3 ? 0x30000n : undefined);
    assert.equal(mark?.consistent, true);
  }
  const bare = parseMark(markBytes(3));
  assert.deepEqual([bare?.version, bare?.runtimeVvar], [3, undefined], 'all ones: absent');
  assert.equal(parseMark(Buffer.from('OSDvUIRC\0\0\0\0\0\0\0\x07', 'latin1'))?.version, 3, 'big-endian');
  assert.equal(parseMark(vdsoImage()), undefined);
  assert.equal(parseMark(new Uint8Array(7)), undefined);
});

test('trampolines are found where CRIU writes them, with their targets', () => {
  const bytes = proxyImage(0x36000n, { symbols: { a: 0x810, b: 0xaf0 } });
  const image = readElfImage(bytes);
  assert.ok(image !== undefined);
  assert.deepEqual(findTrampolines(bytes, image), [
    { symbol: 'a', target: 0x36810n },
    { symbol: 'b', target: 0x36af0n },
  ]);
  const plain = vdsoImage();
  const other = readElfImage(plain);
  assert.ok(other !== undefined && findTrampolines(plain, other).length === 0);
});

test('any bytes, and any damage to an image: no exception, nothing outside the bytes', () => {
  const damaged = fc
    .tuple(
      fc.constantFrom(
        vdsoImage(),
        vdsoImage({ bits: 32, machine: 3 }),
        vdsoImage({ littleEndian: false, machine: 22 }),
      ),
      fc.array(fc.tuple(fc.nat({ max: 0x400 }), fc.integer({ min: 0, max: 255 })), { maxLength: 30 }),
      fc.nat({ max: 0x2000 }),
    )
    .map(([image, changes, length]) => {
      const bytes = image.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes.slice(0, length);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (bytes) => {
      const image = readElfImage(bytes);
      if (image !== undefined) {
        findTrampolines(bytes, image);
        looksLikeVdso(image);
        assert.ok(image.symbols.size <= 512);
      }
      for (const bits of [32, 64] as const) symtableCheck(bytes, bytes.length + 10, bits);
      parseMark(bytes);
    }),
    { numRuns: fuzzRuns(2000) },
  );
});
