import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, classes, codes, copiedPage, judged, kernelPage, type Made, oldPage, RHEL7, VZ6 } from './build.js';
import { vdsoImage } from './images.js';

// Before 5.11 a page of the vDSO can be unmapped alone. Where no frame says which one is left, its place does.

/** Linux 5.10, the first page of two unmapped; the vDSO was at 0x7ffced1dc000. */
const headless = (more: Partial<Made>): Made => ({
  release: '5.10.0-46-cloud-amd64',
  hintTest: 'kept',
  reference: { x86_64: [0x2125, 0x2126], i386: [0x2127, 0x2128] },
  maps: `7ffced185000-7ffced1a6000 rw-p 00000000 00:00 0 [stack]
         7ffced1d8000-7ffced1dc000 r--p 00000000 00:00 0 [vvar]
         7ffced1dd000-7ffced1de000 r-xp 00000000 00:00 0 [vdso]`,
  auxv: 0x7ffced1dc000n,
  pagemap: { '0x7ffced1dd000': [ABSENT] },
  ...more,
});

test('a second page that stayed where it was is called moved and torn from its vvar', () => {
  for (const words of [[ABSENT], [kernelPage(0x2126)], [copiedPage(0x999)]]) {
    const verdict = judged(headless({ pagemap: { '0x7ffced1dd000': words } }));
    assert.deepEqual(
      [verdict.vdso?.start, verdict.vdso?.moved, verdict.vdso?.vvarAttached],
      [0x7ffced1dd000n, false, true],
    );
    assert.ok(codes(verdict).includes('vdso-partial'));
    assert.ok(!codes(verdict).includes('vvar-detached'));
  }
});

test('a second page that moved with its vvar is called torn from it, or not moved', () => {
  const verdict = judged(headless({ auxv: 0x7ffced0dc000n }));
  assert.deepEqual([verdict.vdso?.moved, verdict.vdso?.vvarAttached], [true, true]);
});

test('a first page that was moved up by a page is taken for the second', () => {
  const framed = judged(headless({ pagemap: { '0x7ffced1dd000': [kernelPage(0x2125)] } }));
  assert.deepEqual([framed.vdso?.moved, framed.vdso?.vvarAttached], [true, false]);
  const read = judged(headless({ bytes: { '0x7ffced1dd000': vdsoImage({ size: 0x1000 }) } }));
  assert.equal(read.vdso?.moved, true);
});

test('a whole vDSO moved up by a page is taken for the tail of one that was not moved', () => {
  const maps = `7ffced185000-7ffced1a6000 rw-p 00000000 00:00 0 [stack]
                7ffced1d8000-7ffced1dc000 r--p 00000000 00:00 0 [vvar]
                7ffced1dd000-7ffced1df000 r-xp 00000000 00:00 0 [vdso]`;
  const verdict = judged(headless({ maps, pagemap: { '0x7ffced1dd000': [ABSENT, ABSENT] } }));
  assert.deepEqual([verdict.vdso?.moved, verdict.vdso?.vvarAttached], [true, false]);
});

test('vvar behind a vDSO of Linux 3.16 whose tail is gone is called detached', () => {
  const verdict = judged({
    ...headless({}),
    release: '3.16.0',
    maps: `7ffced1dc000-7ffced1dd000 r-xp 00000000 00:00 0 [vdso]
           7ffced1de000-7ffced1e0000 r--p 00000000 00:00 0 [vvar]`,
    pagemap: { '0x7ffced1dc000': [kernelPage(0x2125)] },
  });
  assert.deepEqual([verdict.vdso?.moved, verdict.vdso?.vvarAttached], [false, true]);
});

test("a container's second page, of no known set, that has lost its name and its head is called moved", () => {
  const verdict = judged({
    ...RHEL7,
    maps: '7fff12967000-7fff12968000 r-xp 00000000 00:00 0',
    auxv: 0x7fff12966000n,
    pagemap: { '0x7fff12967000': [kernelPage(0x2f331)] },
  });
  assert.deepEqual([verdict.hint, verdict.vdso?.moved], ['lost', false]);
});

test("a head whose frame is not the host's, before a tail whose frame is, is not seen to be copied (2.6.32)", () => {
  const verdict = judged({
    ...VZ6,
    maps: `7fff32d97000-7fff32d98000 r-xp 00000000 00:00 0 [vdso]
           7fff32d98000-7fff32d99000 rwxp 00000000 00:00 0`,
    auxv: 0x7fff32d97000n,
    pagemap: { '0x7fff32d97000': [oldPage(0x1fc07)], '0x7fff32d98000': [oldPage(0x2f2a5)] },
    bytes: { '0x7fff32d97000': vdsoImage({ size: 0x1000 }) },
  });
  assert.deepEqual(classes(verdict), { '0x7fff32d97000': 'genuine', '0x7fff32d98000': 'genuine' });
  assert.deepEqual(verdict.vdso?.modifiedPages, [0]);
});

test('pages that pagemap does not tell are left open although smaps counts the copies', () => {
  const smaps = (anonymous: number, swap: string): string => `7ffced1dc000-7ffced1de000 r-xp 00000000 00:00 0 [vdso]
    Rss: 8 kB
    Anonymous: ${anonymous} kB
    ${swap}`;
  const modified = (word: bigint, anonymous: number, swap = 'Swap: 0 kB'): readonly number[] | undefined =>
    judged(
      headless({
        maps: '7ffced1dc000-7ffced1de000 r-xp 00000000 00:00 0 [vdso]',
        pagemap: { '0x7ffced1dc000': [word] },
        smaps: smaps(anonymous, swap),
      }),
    ).vdso?.modifiedPages;
  assert.deepEqual(modified(copiedPage(0x999), 4), [0]);
  assert.deepEqual(modified(copiedPage(0x999), 8), [0, 1]);
  assert.deepEqual(modified(kernelPage(0x2125), 4), [1]);
  assert.deepEqual(modified(kernelPage(0x2125), 0), []);
  assert.equal(modified(copiedPage(0x999), 4, 'Pss: 8 kB'), undefined);
  assert.equal(modified(copiedPage(0x999), 0), undefined);
});
