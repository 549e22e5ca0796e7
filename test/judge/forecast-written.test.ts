import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readElfImage } from '../../src/elf/image.js';
import { elfReader } from '../../src/elf/reader.js';
import { PT_DYNAMIC, readSegments } from '../../src/elf/segments.js';
import { proxiedSymbols } from '../../src/judge/criu/proxied-symbols.js';
import { lookUp, movedSymbol, symtableCheck } from '../../src/judge/criu/symtable.js';
import type { CriuVersion } from '../../src/judge/criu/version.js';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import type { Forecast } from '../../src/model/verdict.js';
import { caseDirectories, onlyProcess } from '../corpus/runner.js';
import { copiedPage, evidenceOf, kernelPage, type Made, MODERN } from './build.js';
import { markBytes, proxyImage, vdsoImage } from './images.js';

// What a dump meets in other memory, and what a restore makes of a vDSO that was written. Each was seen with CRIU 4.1.1
// and 4.2 on Linux 6.18 (test/live/criu-states.ts).

const VDSO = 0x7f1000006000n;
const AT = '0x7f1000006000';
const BLOCK = `7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
               7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
               7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]
               7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0 [stack]`;
/** Before [vvar_vclock]. */
const OLDER_BLOCK = `7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]
${BLOCK.split('\n').slice(2).join('\n')}`;
const PROGRAM = '400000-401000 r-xp 00000000 fe:00 9 /bin/program';
const clean = { [AT]: [kernelPage(0x2861), kernelPage(0x2862)] };
const own = vdsoImage();

const foretell = (more: Partial<Made> & { readonly maps: string }, pristine?: Uint8Array, criu = '4.2'): Forecast => {
  const evidence = evidenceOf({ ...MODERN, auxv: VDSO, pagemap: clean, ...more });
  return forecast(evidence, judge(evidence), criu, pristine && [{ bytes: pristine, from: 'a test' }]);
};

const GUARD = 1n << 58n;

test('executable memory that begins with a guard page kills the task; as the first of all it only stops the dump', () => {
  const guard = { '0x7f0000000000': [GUARD] };
  const memory = '7f0000000000-7f0000040000 rwxp 00000000 00:00 0';
  const kills = foretell({ maps: `${PROGRAM}\n${memory}\n${BLOCK}`, pagemap: { ...clean, ...guard } });
  assert.deepEqual([kills.dump, kills.restore], ['fail-kills', null]);
  assert.equal(foretell({ maps: `${memory}\n${BLOCK}`, pagemap: { ...clean, ...guard } }).dump, 'fail');
  const old = { maps: `${PROGRAM}\n${memory}\n${BLOCK}`, pagemap: { ...clean, ...guard }, release: '6.1.0' };
  assert.equal(foretell(old).dump, 'ok', 'there are no guard pages before 6.13');
});

test('sealed memory that cannot be read stops the dump', () => {
  const sealed = (permissions: string, flags: string) =>
    foretell({
      maps: `${PROGRAM}\n7f0000000000-7f0000001000 ${permissions} 00000000 00:00 0\n${BLOCK}`,
      smaps: `7f0000000000-7f0000001000 ${permissions} 00000000 00:00 0\nVmFlags: mr mw me ${flags}`,
    }).dump;
  assert.equal(sealed('---p', 'sl'), 'fail');
  assert.equal(sealed('---p', 'nr'), 'ok');
  assert.equal(sealed('r--p', 'sl'), 'ok');
});

const written = (change: (bytes: Uint8Array) => void): Partial<Made> & { readonly maps: string } => {
  const bytes = own.slice();
  change(bytes);
  return { maps: BLOCK, bytes: { [AT]: bytes }, pagemap: { [AT]: [kernelPage(0x2861), copiedPage(7)] } };
};

test('a page that was copied and holds the same bytes is no loss; without the image of the kernel it may be one', () => {
  const same = written(() => {});
  assert.deepEqual(foretell(same, own).loss, []);
  assert.deepEqual(foretell(same).loss, ['vdso-content']);
  const other = written((bytes) => bytes.fill(0xcc, 0x1f00, 0x1f10));
  assert.deepEqual(foretell(other, own).loss, ['vdso-content']);
});

test('what was written into the proxy of an earlier restore is lost when it is restored in place; its jumps are not', () => {
  const loss = (change: (bytes: Uint8Array) => void) => {
    const bytes = proxyImage(0x36000n);
    change(bytes);
    const evidence = evidenceOf({
      ...MODERN,
      release: '6.18.44',
      maps: `00030000-00034000 r--p 00000000 00:00 0 [vvar]
             00034000-00036000 r--p 00000000 00:00 0 [vvar_vclock]
             00036000-00038000 r-xp 00000000 00:00 0 [vdso]
             7f1000000000-7f1000006000 r--p 00000000 00:00 0
             7f1000006000-7f1000008000 r-xp 00000000 00:00 0`,
      auxv: VDSO,
      bytes: { '0x36000': markBytes(3, { proxy: VDSO, vvar: 0x7f1000000000n, runtimeVvar: 0x30000n }), [AT]: bytes },
    });
    return forecast(evidence, judge(evidence), '4.2', [{ bytes: own, from: 'a test' }]).loss;
  };
  assert.deepEqual(
    loss(() => {}),
    [],
  );
  assert.deepEqual(
    loss((bytes) => bytes.fill(0xcc, 0x1f00, 0x1f10)),
    ['vdso-content'],
  );
});

test('a symbol table that was written makes CRIU find a function elsewhere: a proxy instead of a restore in place', () => {
  // Two functions in the one bucket; their values lie in the second and third entry.
  const linked = (value: bigint): Uint8Array => {
    const bytes = vdsoImage();
    const view = new DataView(bytes.buffer);
    view.setUint32(0x128, 2, true);
    view.setUint32(0x12c + 4 * 2, 1, true);
    assert.equal(view.getBigUint64(0x138 + 24 + 8, true), 0x810n);
    view.setBigUint64(0x138 + 24 + 8, value, true);
    return bytes;
  };
  const restore = (value: bigint, older?: string) => {
    const written = { bytes: { [AT]: linked(value) }, pagemap: { [AT]: [copiedPage(7), 0n] } };
    if (older === undefined) return foretell({ maps: BLOCK, ...written }, linked(0x810n));
    return foretell({ maps: OLDER_BLOCK, release: '6.1.0', ...written }, linked(0x810n), older);
  };
  assert.equal(restore(0x810n).restore, 'in-place');
  const versions = ['3.12', '3.13', '3.15', '3.16'];
  const restored = versions.map((version) => restore(0x820n, version).restore);
  assert.deepEqual(restored, ['proxy', 'crash', 'crash', 'proxy'], '3.13 to 3.15 die of the line that says so');
  assert.equal(restore(0x810n, '3.13').restore, 'in-place');
  const moved = restore(0x820n);
  assert.equal(moved.restore, 'proxy');
  assert.match(moved.findings[0]?.text ?? '', /__vdso_gettimeofday/);
});

test('a thread that stands in code that was written finds the kernel there after a restore in place', () => {
  const hooked = written((bytes) => bytes.fill(0xcc, 0x1f00, 0x1f10));
  assert.equal(foretell({ ...hooked, pointers: [VDSO + 0x1f08n] }, own).restore, undefined);
  assert.equal(foretell({ ...hooked, pointers: [VDSO + 0x800n] }, own).restore, 'in-place');
});

test('own memory that can be read in place of vvar decides what the restorer meets; nothing, or no access, is a crash', () => {
  const instead = (line: string) => foretell({ maps: `${line}\n${BLOCK.split('\n').slice(2).join('\n')}` }).restore;
  assert.equal(instead('7f1000000000-7f1000006000 rw-p 00000000 00:00 0'), undefined);
  assert.equal(instead('7f1000000000-7f1000006000 ---p 00000000 00:00 0'), 'crash');
  assert.equal(instead('7f0000000000-7f0000001000 rw-p 00000000 00:00 0'), 'crash');
});

test('the header check is by version: padding and ABI before 4.2, what a restore needs only since', () => {
  const check = (at: number, value: number, version: { major: number; minor: number; patch: number }) => {
    const bytes = own.slice();
    bytes[at] = value;
    return symtableCheck(bytes, bytes.length, 64, version).passes;
  };
  const [old, current] = [
    { major: 4, minor: 1, patch: 1 },
    { major: 4, minor: 2, patch: 0 },
  ];
  for (const [at, value, before, since] of [
    [7, 3, false, true],
    [15, 1, false, true],
    // e_shoff
    [0x2f, 2, true, true],
    [0, 0, false, false],
  ] as const)
    assert.deepEqual([check(at, value, old), check(at, value, current)], [before, since], `byte ${at}`);
});

test('s390x images are read in their byte order, and by 4.2 at no start', () => {
  const image = vdsoImage({ littleEndian: false, machine: 22 });
  const passes = (minor: number) => symtableCheck(image, image.length, 64, { major: 4, minor, patch: 0 }).passes;
  assert.deepEqual([passes(1), passes(2)], [true, 'unknown']);
  const other = vdsoImage({ littleEndian: false });
  assert.equal(symtableCheck(other, other.length, 64, { major: 4, minor: 1, patch: 0 }).passes, false);
});

test('before 4.0 no CRIU redirects or compares __vdso_clock_gettime64', () => {
  const has = (name: string) =>
    [
      { major: 3, minor: 19, patch: 0 },
      { major: 4, minor: 0, patch: 0 },
    ].map((version: CriuVersion) => proxiedSymbols('i386', version)?.includes(name));
  assert.deepEqual(has('__vdso_clock_gettime64'), [false, true]);
  assert.deepEqual(has('__vdso_clock_gettime'), [true, true]);
});

test('the functions of captured images are found through the hash table where the symbol table has them', async () => {
  let images = 0;
  for (const directory of caseDirectories()) {
    const { bytes } = await onlyProcess(`${directory}/bundle`);
    for (const image of bytes.values()) {
      const elf = readElfImage(image);
      if (elf === undefined || elf.symbols.size === 0) continue;
      const names = [...elf.symbols.keys()];
      const found = lookUp(image, names);
      if (found.every((at) => at === undefined)) continue;
      images += 1;
      for (const [index, name] of names.entries()) {
        const value = found[index];
        // As linked: old images are linked high up.
        if (value !== undefined) assert.equal(Number(value & 0xffffn), elf.symbols.get(name), name);
      }
      assert.ok(found.filter((at) => at !== undefined).length >= names.length / 2, directory);
      const missing = lookUp(image, ['__vdso_of_nobody']);
      assert.deepEqual(missing, [undefined]);
    }
  }
  assert.ok(images >= 10, `${images} images`);
});

test('an s390x image: the words of its DT_HASH are of 64 bits, and a function that moved is seen', async () => {
  const { bytes } = await onlyProcess('test/corpus/cases/s390x-6.12-moved-copy-at-old/bundle');
  const image = bytes.get(0x3ff_b6a5_5000n);
  assert.ok(image !== undefined);
  const names = ['__kernel_gettimeofday', '__kernel_clock_gettime', '__kernel_clock_getres'];
  assert.deepEqual(
    lookUp(image, names).map(Number),
    names.map((name) => readElfImage(image)?.symbols.get(name)),
  );
  // st_value of the first symbol, __kernel_clock_getres.
  const other = Uint8Array.from(image);
  const at = Buffer.from(other.buffer).indexOf(Buffer.from('0000000000000458', 'hex'));
  other[at + 7] = 0x60;
  assert.equal(movedSymbol(image, other, names), '__kernel_clock_getres');
});

test('where an image has no DT_HASH its functions are found through the GNU hash table', async () => {
  for (const name of ['plain-shell-loop', 'ia32-clock-loop']) {
    const { bytes } = await onlyProcess(`test/corpus/cases/${name}/bundle`);
    const image = [...bytes.values()].find((one) => (readElfImage(one)?.symbols.size ?? 0) > 0);
    assert.ok(image);
    const names = [...(readElfImage(image)?.symbols.keys() ?? [])];
    const expected = lookUp(image, names);
    assert.ok(expected.every((value) => value !== undefined));
    // Both tables are there: without the tag of the one, the other counts.
    assert.deepEqual(lookUp(withoutHash(image), [...names, '__vdso_of_nobody']), [...expected, undefined], name);
  }
});

/** DT_HASH (4) made DT_DEBUG (21), which no reader asks for. */
const withoutHash = (image: Uint8Array): Uint8Array => {
  const { header } = readElfImage(image) ?? assert.fail();
  const reader = elfReader(image, header.littleEndian, header.bits);
  const dynamic = readSegments(header, reader).find(({ type }) => type === PT_DYNAMIC) ?? assert.fail();
  const step = header.bits / 4;
  const at = Array.from({ length: dynamic.fileSize / step }, (_, index) => dynamic.offset + index * step);
  const bytes = image.slice();
  bytes[at.find((entry) => reader.word(entry) === 4n) ?? assert.fail()] = 21;
  return bytes;
};
