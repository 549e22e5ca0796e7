import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readPostMortem } from '../../src/criu/post-mortem.js';
import { testFolder } from '../folder.js';
import { markBytes, vdsoImage } from '../judge/images.js';
import { PLAIN_STATUS, VDSO_STATUS, VVAR_STATUS, writeImages } from './image-directory.js';

// What other executable memory of an image holds: it is looked through page by page.

const VDSO = 0x7f1000006000n;
const OTHER = 0x400000n;
const PLAIN = { pgoff: 0n, shmid: 0n, flags: 0x22, fd: -1n };

/** Codes of what is said of that memory, and where, beside an ordinary vDSO. */
const toldOf = async (
  context: TestContext,
  memory: Uint8Array,
): Promise<readonly (readonly [string, bigint | undefined])[]> => {
  const path = join(testFolder(context), 'img');
  writeImages(path, {
    pid: 7,
    vmas: [
      { ...PLAIN, start: OTHER, end: OTHER + BigInt(memory.length), prot: 5, status: PLAIN_STATUS },
      { ...PLAIN, start: VDSO - 0x6000n, end: VDSO, prot: 1, status: VVAR_STATUS },
      { ...PLAIN, start: VDSO, end: VDSO + 0x2000n, prot: 5, status: VDSO_STATUS },
    ],
    auxv: [33n, VDSO, 6n, 4096n, 0n, 0n],
    pagemap: [
      { vaddr: OTHER, nrPages: BigInt(memory.length / 0x1000), flags: 4 },
      { vaddr: VDSO, nrPages: 2n, flags: 4 },
    ],
    pages: Buffer.concat([memory, vdsoImage()]),
  });
  const outcome = await readPostMortem(path, { criu: '4.2' });
  assert.ok(outcome.ok);
  return (outcome.value.judged[0]?.verdict.findings ?? []).flatMap(({ code, mapping }) =>
    code === 'image-vdso-in-plain-memory' || code === 'image-mark' ? [[code, mapping ?? undefined] as const] : [],
  );
};

const behind = (bytes: Uint8Array): Uint8Array => Buffer.concat([new Uint8Array(0x1000).fill(0x90), bytes]);

test('a vDSO image in other memory is passed over, or a library there is called one', async (context) => {
  assert.deepEqual(await toldOf(context, behind(vdsoImage())), [['image-vdso-in-plain-memory', OTHER + 0x1000n]]);
  assert.deepEqual(await toldOf(context, behind(vdsoImage({ soname: 'libc.so.6' }))), []);
  assert.deepEqual(await toldOf(context, new Uint8Array(0x2000).fill(0x7f)), []);
});

test('a mark in the middle of other memory is passed over', async (context) => {
  assert.deepEqual(await toldOf(context, behind(markBytes(3))), [['image-mark', OTHER + 0x1000n]]);
});
