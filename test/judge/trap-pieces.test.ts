import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classes, codes, copiedPage, judged, kernelPage, type Made, oldPage, RHEL7, VZ6, vdsoIn } from './build.js';
import { vdsoImage } from './images.js';

// Before 5.11 a vDSO can be split: by munmap, mprotect or mremap of a part of it.

const HEAD = '0x7ffd02a7f000';
const TAIL = '0x7ffd02a80000';
const BOTH = { [HEAD]: 'genuine', [TAIL]: 'genuine' };
/** First page read-only: only what starts where the kernel put it has the name. */
const SPLIT = `7ffd02a7f000-7ffd02a80000 r--p 00000000 00:00 0 [vdso]
               7ffd02a80000-7ffd02a81000 r-xp 00000000 00:00 0
               7ffd02b00000-7ffd02b21000 rw-p 00000000 00:00 0 [stack]`;
const AUXV = 0x7ffd02a7f000n;
const image = vdsoImage();
const bytes = { [HEAD]: image.subarray(0, 0x1000), [TAIL]: image.subarray(0x1000) };

test("a container's copy, in no page set, is whole again from its head and its tail", () => {
  const verdict = judged({
    ...VZ6,
    maps: SPLIT,
    auxv: AUXV,
    // Frames beside the host's own, none of them the host's.
    pagemap: { [HEAD]: [oldPage(0x2f330)], [TAIL]: [oldPage(0x2f353)] },
    bytes,
  });
  assert.deepEqual(classes(verdict), BOTH);
  assert.ok(!codes(verdict).includes('vdso-partial'));
});

const unreferenced = (more: Partial<Made>): Made => ({
  ...RHEL7,
  reference: {},
  maps: SPLIT,
  auxv: AUXV,
  bytes,
  ...more,
});

test('a head whose page was copied belongs to the kernel page behind it, and is where the vDSO starts', () => {
  const verdict = judged(unreferenced({ pagemap: { [HEAD]: [copiedPage(0x19f6)], [TAIL]: [kernelPage(0x1a06)] } }));
  assert.deepEqual(classes(verdict), BOTH);
  assert.deepEqual([verdict.vdso?.start, verdict.vdso?.moved], [AUXV, false]);
  assert.deepEqual(verdict.vdso?.modifiedPages, [0]);
});

test('only the table of sections lies in the tail (5.10), and it is taken for other memory', () => {
  const short = vdsoImage({ program: 0x9c0, sectionsEnd: 4280 });
  const pagemap = { [HEAD]: [copiedPage(0x19f6)], [TAIL]: [kernelPage(0x1a06)] };
  const verdict = judged(
    unreferenced({ pagemap, bytes: { [HEAD]: short.subarray(0, 0x1000), [TAIL]: short.subarray(0x1000) } }),
  );
  assert.deepEqual(classes(verdict), BOTH);
});

test('what was written, or is an image of its own, is no tail', () => {
  const written = judged(unreferenced({ pagemap: { [HEAD]: [kernelPage(0x1a05)], [TAIL]: [copiedPage(0x999)] } }));
  assert.notEqual(classes(written)[TAIL], 'genuine');
  const second = judged(
    unreferenced({
      pagemap: { [HEAD]: [kernelPage(0x1a05)] },
      bytes: { [HEAD]: bytes[HEAD] ?? image, [TAIL]: vdsoImage({ size: 0x1000 }) },
    }),
  );
  assert.notEqual(vdsoIn(second).end, 0x7ffd02a81000n);
});

test('memory that its flags tell from a special mapping is no tail, though it was not touched', () => {
  const behind = (flags: string) =>
    judged(
      unreferenced({
        pagemap: { [HEAD]: [kernelPage(0x1a05)], [TAIL]: [0n] },
        smaps: `7ffd02a80000-7ffd02a81000 r-xp 00000000 00:00 0\n${flags}`,
      }),
    );
  assert.deepEqual(classes(behind('VmFlags: rd ex mr mw me de ')), BOTH);
  assert.deepEqual(classes(behind('VmFlags: rd ex mr mw me ')), { [HEAD]: 'genuine' });
});

test('where the name moves with the mapping, both of two that have it are the vDSO', () => {
  const verdict = judged({
    release: '5.10.0',
    hintTest: 'kept',
    maps: `7ffd02a7b000-7ffd02a7f000 r--p 00000000 00:00 0 [vvar]
           7ffd02a7f000-7ffd02a80000 r--p 00000000 00:00 0 [vdso]
           7ffd02a80000-7ffd02a81000 r-xp 00000000 00:00 0 [vdso]`,
    auxv: AUXV,
    pagemap: { [HEAD]: [copiedPage(0x999)], [TAIL]: [kernelPage(0x2862)] },
  });
  assert.deepEqual(classes(verdict), BOTH);
  assert.deepEqual([verdict.hint, verdict.vdso?.start], ['ok', AUXV]);
});

test('a check that takes one of two pieces is told so', () => {
  const verdict = judged(unreferenced({ pagemap: { [HEAD]: [kernelPage(0x1a05)], [TAIL]: [kernelPage(0x1a06)] } }));
  const wrong = verdict.findings.find(({ code }) => code === 'hint-policy-wrong');
  assert.match(wrong?.text ?? '', /which is (2 mappings from 0x7ffd02a7f000|at 0x7ffd02a7f000)\.$/);
});

const splitBefore = (tail: string): Made => ({
  ...RHEL7,
  maps: `7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0 [stack]
         7fffd8baf000-7fffd8bb0000 r-xp 00000000 00:00 0 [vdso]
         7fffd8bb0000-7fffd8bb1000 ${tail} 00000000 00:00 0`,
  auxv: 0x7fffd8baf000n,
});

test('a tail that was written over and is still text is a piece: its page is copied', () => {
  const pagemap = { '0x7fffd8baf000': [kernelPage(0x1a05)], '0x7fffd8bb0000': [copiedPage(0x19f1)] };
  const bytes = { '0x7fffd8bb0000': new Uint8Array(64).fill(0x90) };
  const verdict = judged({ ...splitBefore('rwxp'), pagemap, bytes });
  assert.deepEqual(classes(verdict), { '0x7fffd8baf000': 'genuine', '0x7fffd8bb0000': 'genuine' });
  assert.deepEqual(verdict.vdso?.modifiedPages, [1]);
});

test('where the tail may be a copy or other memory, no list of copied pages is whole', () => {
  // The head was not touched: no frame says where it stands in the image.
  const untouched = judged({
    ...splitBefore('rwxp'),
    pagemap: { '0x7fffd8baf000': [0n], '0x7fffd8bb0000': [copiedPage(0x19f1)] },
  });
  assert.equal(untouched.vdso?.start, 0x7fffd8baf000n);
  assert.equal(vdsoIn(untouched).modifiedPages, undefined);
  const data = judged({
    ...splitBefore('rw-p'),
    pagemap: { '0x7fffd8baf000': [kernelPage(0x1a05)], '0x7fffd8bb0000': [copiedPage(0x19f1)] },
  });
  assert.deepEqual(classes(data), { '0x7fffd8baf000': 'genuine' });
  assert.equal(vdsoIn(data).modifiedPages, undefined);
});

test('a file or shared memory behind half a vDSO is no tail: the copied pages are known', () => {
  const behind = (line: string) =>
    judged({
      ...splitBefore('r-xp'),
      maps: `7fffd8baf000-7fffd8bb0000 r-xp 00000000 00:00 0 [vdso]\n${line}`,
      pagemap: { '0x7fffd8baf000': [kernelPage(0x1a05)] },
    }).vdso?.modifiedPages;
  assert.deepEqual(behind('7fffd8bb0000-7fffd8bb1000 r-xp 00000000 fe:00 9 /lib/x.so'), []);
  assert.deepEqual(behind('7fffd8bb0000-7fffd8bb1000 rw-s 00000000 00:00 0'), []);
  assert.equal(behind('7fffd8bb0000-7fffd8bb1000 rw-p 00000000 00:00 0'), undefined);
});

test('two halves of one image that nobody read the pages of are one vDSO, unless smaps tells a copy', () => {
  assert.deepEqual(classes(judged(unreferenced({}))), BOTH);
  const copied = `7ffd02a80000-7ffd02a81000 r-xp 00000000 00:00 0
                  Anonymous: 4 kB`;
  assert.notEqual(classes(judged(unreferenced({ smaps: copied })))[TAIL], 'genuine');
});
