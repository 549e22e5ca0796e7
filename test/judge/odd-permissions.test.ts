import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, classes, judged, kernelPage, type Made, RHEL7 } from './build.js';
import { vdsoImage } from './images.js';

// A kernel that names by address (3.10): a vDSO that was moved has no name, and mprotect may have made it anything.

const AT = '0x7fdbec020000';
const moved = (permissions: string, pages: 1 | 2, more: Partial<Made>): Made => ({
  ...RHEL7,
  maps: `7fdbec020000-7fdbec02${pages}000 ${permissions} 00000000 00:00 0
         7ffd6230d000-7ffd6232e000 rw-p 00000000 00:00 0 [stack]`,
  auxv: 0x7ffd623ee000n,
  ...more,
});

const flagged = (permissions: string, flags: string): Partial<Made> => ({
  smaps: `7fdbec020000-7fdbec021000 ${permissions} 00000000 00:00 0
          Rss: 0 kB
          VmFlags: ${flags} `,
});

test('a page of the kernel that may not be read or run is denied to be the vDSO', () => {
  for (const permissions of ['---p', 'r--p', 'rw-p', '-w-p']) {
    const verdict = judged(moved(permissions, 1, { pagemap: { [AT]: [kernelPage(0x2f331)] } }));
    assert.deepEqual([classes(verdict), verdict.hint], [{ [AT]: 'genuine' }, 'lost'], permissions);
  }
});

test('flags of a special mapping are not believed without text or name', () => {
  for (const [permissions, flags] of [
    ['---p', 'mr mw me de'],
    ['r--p', 'rd mr mw me de'],
    ['rw-p', 'rd wr mr mw me de ac'],
  ] as const) {
    const verdict = judged(moved(permissions, 1, { pagemap: { [AT]: [ABSENT] }, ...flagged(permissions, flags) }));
    assert.deepEqual([classes(verdict), verdict.hint], [{ [AT]: 'genuine' }, 'lost'], permissions);
  }
});

test('the nameless page of uprobes, or the vvar of a 32-bit process, is taken for the vDSO', () => {
  const uprobes = judged(
    moved('--xp', 1, { pagemap: { [AT]: [kernelPage(0x999)] }, ...flagged('--xp', 'ex me dc de io') }),
  );
  assert.deepEqual([classes(uprobes), uprobes.vdso], [{}, null]);
  const vvar = judged(moved('r--p', 1, { pagemap: { [AT]: [ABSENT] }, ...flagged('r--p', 'rd mr pf io de dd') }));
  assert.deepEqual([classes(vvar), vvar.vdso], [{}, null]);
});

test('an image that may only be read is likely the vDSO, and one that is data may be a copy as well', () => {
  const image = { bytes: { [AT]: vdsoImage() } };
  const read = judged(moved('r--p', 2, image));
  assert.deepEqual([classes(read), read.confidence], [{ [AT]: 'genuine' }, 'likely']);
  const data = judged(moved('rw-p', 2, image));
  assert.deepEqual([classes(data), data.vdso], [{}, undefined]);
});
