import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookUp, symtableCheck } from '../../src/judge/criu/symtable.js';
import { vdsoImage } from './images.js';

// What a program wrote over the tables of its vDSO, and what CRIU's reader (criu/pie/util-vdso.c) makes of it.

const SIZE = 0x2000;
const HEADERS = 64;
const STEP = 56;
const [LOAD, DYNAMIC, NOTE] = [HEADERS, HEADERS + STEP, HEADERS + 2 * STEP];

const changed = (change: (view: DataView, dynamic: number) => void): Uint8Array => {
  const bytes = vdsoImage();
  const view = new DataView(bytes.buffer);
  change(view, Number(view.getBigUint64(DYNAMIC + 8, true)));
  return bytes;
};

/** Where the entry with that tag lies. */
const entryOf = (view: DataView, dynamic: number, tag: bigint): number => {
  for (let at = dynamic; at < SIZE; at += 16) if (view.getBigUint64(at, true) === tag) return at;
  return assert.fail(`no ${tag}`);
};

const WRITTEN: readonly (readonly [line: string, change: (view: DataView, dynamic: number) => void])[] = [
  ['Corrupted Elf phdr', (view) => view.setBigUint64(32, BigInt(SIZE), true)],
  ['Corrupted Elf phdr', (view) => view.setUint16(56, 200, true)],
  ['Second PT_DYNAMIC header', (view) => view.setUint32(NOTE, 2, true)],
  ['One of obligated program headers is missed', (view) => view.setUint32(LOAD, 4, true)],
  ['One of obligated program headers is missed', (view) => view.setUint32(DYNAMIC, 4, true)],
  ['Corrupted Elf dynamic section', (view) => view.setBigUint64(DYNAMIC + 8, BigInt(SIZE), true)],
  ['Corrupted Elf dynamic section', (view) => view.setBigUint64(DYNAMIC + 8, BigInt(SIZE - 8), true)],
  ['Not all dynamic entries are present', (view, dynamic) => view.setBigUint64(entryOf(view, dynamic, 10n), 21n, true)],
  ['Not all dynamic entries are present', (view, dynamic) => view.setBigUint64(entryOf(view, dynamic, 4n), 21n, true)],
  [
    'Corrupted Elf symbols/hash',
    (view, dynamic) => view.setBigUint64(entryOf(view, dynamic, 5n) + 8, BigInt(SIZE), true),
  ],
  [
    'Corrupted Elf symbols/hash',
    (view, dynamic) => view.setBigUint64(entryOf(view, dynamic, 4n) + 8, BigInt(SIZE - 3), true),
  ],
];

for (const [index, [line, change]] of WRITTEN.entries())
  test(`a vDSO with written tables is taken for one that CRIU reads: ${line} (${index})`, () => {
    assert.deepEqual(symtableCheck(changed(change), SIZE, 64), { passes: false, line });
  });

test('a table that ends where the image ends is whole', () => {
  const last = changed((view, dynamic) => view.setBigUint64(entryOf(view, dynamic, 4n) + 8, BigInt(SIZE - 4), true));
  assert.equal(symtableCheck(last, SIZE, 64).passes, true);
  assert.equal(symtableCheck(vdsoImage(), SIZE + 1, 64).passes, true);
});

/** Two functions in the one bucket, whose chain begins with the second and goes on as told. */
const chained = (next: { readonly afterSecond: number; readonly afterFirst: number }): Uint8Array =>
  changed((view) => {
    const [bucket, chain] = [0x128, 0x12c];
    view.setUint32(bucket, 2, true);
    view.setUint32(chain + 4 * 2, next.afterSecond, true);
    view.setUint32(chain + 4 * 1, next.afterFirst, true);
  });

const NAMES = ['__vdso_gettimeofday', '__vdso_clock_gettime', '__vdso_of_nobody'];

test('a function behind another in its bucket is not found', () => {
  const bytes = chained({ afterSecond: 1, afterFirst: 0 });
  assert.deepEqual(lookUp(bytes, NAMES), [0x810n, 0xaf0n, undefined]);
  const cut = chained({ afterSecond: 0, afterFirst: 0 });
  assert.deepEqual(lookUp(cut, NAMES), [undefined, 0xaf0n, undefined]);
});

test('a chain that somebody tied into a ring is followed for ever', () => {
  const ring = chained({ afterSecond: 1, afterFirst: 2 });
  assert.deepEqual(lookUp(ring, NAMES), [0x810n, 0xaf0n, undefined]);
});

test('a symbol that is a function or global is found, one that is neither is not', () => {
  // The symbol table lies on the next 8 bytes behind the hash; st_info is the fifth byte of the second entry.
  const info = 0x138 + 24 + 4;
  const found = (value: number) =>
    lookUp(
      changed((view) => {
        view.setUint32(0x128, 1, true);
        assert.equal(view.getUint8(info), 0x12);
        view.setUint8(info, value);
      }),
      NAMES.slice(0, 1),
    );
  assert.deepEqual(
    [0x12, 0x02, 0x10, 0x20, 0x00].map((value) => found(value)[0]),
    [0x810n, 0x810n, 0x810n, undefined, undefined],
  );
});
