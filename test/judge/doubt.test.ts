import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classes, copiedPage, judged, kernelPage, type Made, oldPage, RHEL7 } from './build.js';
import { headerOnly } from './images.js';
import { STACK } from './processes.js';

// Old kernels give the name to whatever stands at the address. Where neither page nor byte tells, the vDSO and other
// memory look the same: then nothing is claimed, neither that it is there nor that it is not.

const OLD = 0x7ffc15bfd000n;
const named = (permissions: string): string => `${STACK}
  7ffc15bfd000-7ffc15bff000 ${permissions} 00000000 00:00 0 [vdso]`;
const moved = (permissions: string): string => `7f6334cf3000-7f6334cf5000 ${permissions} 00000000 00:00 0
  ${STACK}`;
const COPIES = [copiedPage(0x19f1), copiedPage(0x19f2)];

const isOpen = (made: Made, what: string): void => {
  const verdict = judged({ ...RHEL7, ...made });
  assert.equal(verdict.vdso, undefined, `${what}: vDSO`);
  assert.equal(verdict.hint, undefined, `${what}: hint`);
};

test('text that was written, and into which nobody looked, may be a vDSO that moved', () => {
  for (const permissions of ['r-xp', 'rwxp'])
    for (const auxv of [OLD, null])
      isOpen({ maps: moved(permissions), pagemap: { '0x7f6334cf3000': COPIES }, auxv }, permissions);
  // Without a page set its size is not known either.
  isOpen({ maps: moved('r-xp'), pagemap: { '0x7f6334cf3000': COPIES }, auxv: OLD, reference: {} }, 'no page set');
});

test('written data is no vDSO, and bytes that are no image are none', () => {
  const data = judged({ ...RHEL7, maps: moved('rw-p'), pagemap: { '0x7f6334cf3000': COPIES }, auxv: OLD });
  assert.equal(data.vdso, null);
  const code = { '0x7f6334cf3000': new Uint8Array(64).fill(0xcc) };
  const other = judged({
    ...RHEL7,
    maps: moved('r-xp'),
    pagemap: { '0x7f6334cf3000': COPIES },
    bytes: code,
    auxv: OLD,
  });
  assert.equal(other.vdso, null);
});

test('the name on memory that is written all over, and into which nobody looked, says nothing', () => {
  for (const permissions of ['r-xp', 'rwxp'])
    isOpen({ maps: named(permissions), pagemap: { '0x7ffc15bfd000': COPIES }, auxv: OLD }, permissions);
  const data = judged({ ...RHEL7, maps: named('r--p'), pagemap: { '0x7ffc15bfd000': COPIES }, auxv: OLD });
  assert.equal(data.hint, 'gained');
});

test('the name on memory that is no text says nothing by itself; on data it is a stolen one', () => {
  for (const permissions of ['r--p', '---p', '--xp']) isOpen({ maps: named(permissions), auxv: OLD }, permissions);
  for (const permissions of ['r-xp', 'rwxp'])
    assert.equal(judged({ ...RHEL7, maps: named(permissions), auxv: OLD }).hint, 'ok');
  for (const pagemap of [undefined, { '0x7ffc15bfd000': [0n, 0n] }, { '0x7ffc15bfd000': COPIES }])
    assert.equal(
      judged({ ...RHEL7, maps: named('rw-p'), ...(pagemap === undefined ? {} : { pagemap }), auxv: OLD }).hint,
      'gained',
    );
  const page = judged({
    ...RHEL7,
    maps: named('---p'),
    pagemap: { '0x7ffc15bfd000': [kernelPage(0x1a05), 0n] },
    auxv: OLD,
  });
  assert.equal(page.vdso?.start, OLD);
});

test('an image that can be written and not run is a copy or a vDSO that was made so', () => {
  isOpen({ maps: named('rw-p'), bytes: { '0x7ffc15bfd000': headerOnly() }, auxv: OLD }, 'named');
  isOpen({ maps: moved('rw-p'), bytes: { '0x7f6334cf3000': headerOnly() }, auxv: OLD }, 'moved');
});

test('of two images that were both written none is known to be the vDSO', () => {
  isOpen(
    {
      maps: `${moved('r-xp')}
             7ffc15bfd000-7ffc15bff000 rwxp 00000000 00:00 0 [vdso]`,
      pagemap: { '0x7f6334cf3000': COPIES, '0x7ffc15bfd000': [copiedPage(0x19f3), copiedPage(0x19f4)] },
      bytes: { '0x7f6334cf3000': headerOnly(), '0x7ffc15bfd000': headerOnly() },
      auxv: OLD,
    },
    'two images',
  );
});

test('an image that has the name, and of which nobody knows a copied page, is not rivalled by a copy', () => {
  const verdict = judged({
    ...RHEL7,
    release: '2.6.32',
    reference: {},
    maps: `${moved('r-xp')}
           7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: {
      '0x7f6334cf3000': [oldPage(0x1560), oldPage(0x1561)],
      '0x7ffc15bfd000': [oldPage(0x2f2a4), oldPage(0x2f2a5)],
      '0x7ffc15b9c000': [oldPage(0x1562)],
    },
    bytes: { '0x7f6334cf3000': headerOnly(), '0x7ffc15bfd000': headerOnly() },
    auxv: OLD,
  });
  assert.deepEqual(classes(verdict), { '0x7f6334cf3000': 'decoy', '0x7ffc15bfd000': 'genuine' });
});

test("a page of the host's vDSO is one though nobody may read it", () => {
  const verdict = judged({
    ...RHEL7,
    maps: `f77d6000-f77d7000 ---p 00000000 00:00 0
           ffe7e000-ffe9f000 rw-p 00000000 00:00 0 [stack]`,
    pagemap: { '0xf77d6000': [kernelPage(0x2df0d)] },
    auxv: 0xf77dc000n,
    wordSize: 4,
  });
  assert.deepEqual(classes(verdict), { '0xf77d6000': 'genuine' });
  assert.equal(verdict.hint, 'lost');
});
