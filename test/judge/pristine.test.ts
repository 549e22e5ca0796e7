import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readElfImage } from '../../src/elf/image.js';
import { type Comparison, compareImage } from '../../src/judge/criu/pristine.js';
import { onlyProcess } from '../corpus/runner.js';
import { proxyImage, vdsoImage } from './images.js';

// What somebody wrote into a dumped vDSO is told by an image of the same kernel, and by no other.

const PAGE = 0x1000;

const compared = (bytes: Uint8Array, pristine: Uint8Array): Comparison | undefined => {
  const elf = readElfImage(bytes);
  assert.ok(elf);
  return compareImage(bytes, elf, [{ bytes: pristine, from: 'a test' }], PAGE);
};

const written = (image: Uint8Array, from: number, length: number): Uint8Array => {
  const bytes = image.slice();
  bytes.fill(0xcc, from, from + length);
  return bytes;
};

/** A captured image: it has a build id. */
const captured = async (): Promise<Uint8Array> => {
  const { bytes } = await onlyProcess('test/corpus/cases/plain-shell-loop/bundle');
  const image = [...bytes.values()].find((one) => readElfImage(one)?.buildId !== undefined);
  assert.ok(image);
  return image;
};

test('a page of the same build that was written from end to end is taken for the code of another build', async () => {
  const own = await captured();
  const comparison = compared(written(own, PAGE, PAGE), own);
  assert.equal(comparison?.sameBuild, true);
  assert.deepEqual(comparison?.pages, [1]);
  assert.ok((comparison?.changed.length ?? 0) > 512);
});

test('without a build id only a few other bytes in the same functions are somebody writing', () => {
  const own = vdsoImage();
  const few = compared(written(own, 0x1600, 512), own);
  assert.deepEqual([few?.sameBuild, few?.pages, few?.changed.length], [false, [1], 512]);
  assert.equal(compared(written(own, 0x1600, 513), own), undefined);
  assert.equal(
    compared(own, vdsoImage({ symbols: { __vdso_gettimeofday: 0x820, __vdso_clock_gettime: 0xaf0 } })),
    undefined,
  );
  assert.equal(compared(own, vdsoImage({ linuxVersion: 0x06_12_2d })), undefined);
  assert.equal(compared(own, vdsoImage({ size: 0x3000 })), undefined);
});

test('the jumps of a proxy are no bytes that somebody wrote', () => {
  assert.deepEqual(compared(proxyImage(0x10000n), vdsoImage())?.changed, []);
});
