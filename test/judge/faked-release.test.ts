import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import {
  classes,
  copiedPage,
  evidenceOf,
  judged,
  kernelPage,
  type Made,
  MODERN,
  oldPage,
  RHEL7,
  VZ6,
  vdsoIn,
} from './build.js';
import { STACK } from './processes.js';

// A release is what somebody says. Where the name was not tried, the mappings, page words and auxv may contradict it.

/** An old kernel, a container that says it is a newer one, and a capture that has not tried the name. */
const FAKED: Partial<Made> = { ...RHEL7, release: '4.19.0', hintTest: 'unknown' };
const VSYSCALL = 'ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]';
const lostAndGained = (maps: string, more: Partial<Made>): Made => ({
  ...FAKED,
  maps: `${maps}
         ${STACK}
         7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]
         ${VSYSCALL}`,
  auxv: 0x7ffc15bfd000n,
  ...more,
});

test('a release that a container fakes does not make a stolen name true: no [vvar], a readable [vsyscall]', () => {
  const made = lostAndGained('7f6334cf3000-7f6334cf5000 r-xp 00000000 00:00 0', {
    pagemap: {
      '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)],
      '0x7ffc15bfd000': [copiedPage(0x19f1), copiedPage(0x19f2)],
    },
  });
  const verdict = judged(made);
  assert.equal(verdict.hint, 'lost+gained');
  assert.deepEqual(classes(verdict), { '0x7f6334cf3000': 'genuine', '0x7ffc15bfd000': 'decoy' });
  assert.equal(vdsoIn(verdict).vvarAttached, undefined);
});

test('page words of 2.6.32 tell the era, whatever the release says', () => {
  const made = lostAndGained('7f6334cf3000-7f6334cf5000 r-xp 00000000 00:00 0', {
    ...VZ6,
    release: '5.14.0',
    hintTest: 'unknown',
    pagemap: {
      '0x7f6334cf3000': [oldPage(0x2f2a4), oldPage(0x2f2a5)],
      '0x7ffc15bfd000': [oldPage(0x1560), oldPage(0x1561)],
      '0x7ffc15b9c000': [oldPage(0x1562)],
    },
  });
  assert.equal(judged(made).hint, 'lost+gained');
  const untouched = judged({ ...made, pagemap: { '0x7ffc15b9c000': [oldPage(0x1562)] } });
  assert.equal(untouched.vdso, undefined, 'nothing tells which of the two it is');
  const alone = (pagemap: NonNullable<Made['pagemap']>) =>
    vdsoIn(
      judged({
        ...FAKED,
        maps: `00400000-00401000 r-xp 00000000 fe:00 9 /bin/program
               ${STACK}
               7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]`,
        auxv: 0x7ffc15bfd000n,
        pagemap,
      }),
    );
  assert.equal(alone({ '0x400000': [oldPage(0x1563)] }).vvarAttached, undefined, 'there was no [vvar] then');
  assert.equal(alone({}).vvarAttached, false);
});

test('without [vvar], the release of a newer kernel stands where something else speaks for it', () => {
  const unmapped = (last: string): Made => ({
    ...MODERN,
    hintTest: 'unknown',
    maps: `7f0000006000-7f0000008000 r-xp 00000000 00:00 0 [vdso]
           ${STACK}
           ${last}`,
    auxv: 0x7f0000006000n,
  });
  assert.equal(vdsoIn(judged(unmapped(VSYSCALL))).vvarAttached, undefined);
  assert.equal(judged(unmapped(VSYSCALL.replace('r-xp', '--xp'))).vdso?.vvarAttached, false);
  assert.equal(judged(unmapped('')).vdso?.vvarAttached, false);
});

test('where the name was not tried, written data that has it is not known to be the vDSO', () => {
  // User-Mode Linux 5.10, whose own vDSO has one page: three pages of memory stand where it was.
  const made: Made = {
    release: '5.10.46',
    hintTest: 'unknown',
    maps: `7fbfe50000-7fbfe71000 rw-p 00000000 00:00 0 [stack]
           7fbffff000-7fc0002000 rw-p 00000000 00:00 0 [vdso]`,
    pagemap: { '0x7fbffff000': [copiedPage(1), copiedPage(2), copiedPage(3)] },
    auxv: 0x7fbffff000n,
  };
  assert.equal(judged(made).vdso, undefined);
  // With the vDSO itself in sight it is other memory, and a vDSO without its name tells a kernel without [vvar].
  const seen = judged({
    ...made,
    maps: `40000000-40001000 r-xp 00000000 00:00 0\n${made.maps}`,
    pagemap: { ...made.pagemap, '0x40000000': [kernelPage(0x308bc)] },
  });
  assert.equal(seen.hint, 'lost+gained');
  assert.equal(vdsoIn(seen).vvarAttached, undefined);
});

test('a real 5.4, whose vDSO has one page, is not User-Mode Linux because its [vvar] was unmapped', () => {
  const made = (more: string): Made => ({
    release: '5.4.0-216-generic',
    hintTest: 'kept',
    reference: { x86_64: [0x1a05], i386: [0x1a06, 0x1a07] },
    maps: `7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0 [stack]
           7ffc15bf0000-7ffc15bf1000 rwxp 00000000 00:00 0 [vdso]
           ${more}`,
    auxv: 0x7ffc15bf0000n,
    pagemap: { '0x7ffc15bf0000': [copiedPage(0x9a05)] },
  });
  for (const more of ['', 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]']) {
    const verdict = judged(made(more));
    assert.equal(verdict.vdso?.start, 0x7ffc15bf0000n, more);
    assert.deepEqual([verdict.vdso?.modifiedPages, verdict.vdso?.vvarAttached, verdict.hint], [[0], false, 'ok'], more);
  }
});

test('a vDSO of one page since 5.11 is that of User-Mode Linux, wherever it was moved', () => {
  const verdict = judged({
    release: '6.12.101',
    maps: `40000000-40001000 r-xp 00000000 00:00 0 [vdso]
           7f7fde0000-7f7fe01000 rw-p 00000000 00:00 0 [stack]`,
    auxv: 0x7f7ffff000n,
  });
  assert.equal(verdict.vdso?.moved, true);
  assert.equal(vdsoIn(verdict).vvarAttached, undefined);
});

test('a vDSO of one page beside a [vsyscall], which User-Mode Linux does not have, is one that somebody cut', () => {
  const why = (gate: string): string => {
    const evidence = evidenceOf({
      release: '6.18.5',
      maps: `7f40000000-7f40001000 r-xp 00000000 00:00 0 [vdso]
             7f7fde0000-7f7fe01000 rw-p 00000000 00:00 0 [stack]
             ${gate}`,
      auxv: 0x7f40000000n,
    });
    return forecast(evidence, judge(evidence), '4.2').findings[0]?.text ?? '';
  };
  assert.match(why(''), /User-Mode Linux/);
  assert.doesNotMatch(why(VSYSCALL.replace('r-xp', '--xp')), /User-Mode Linux/);
  // Four levels of page tables since 6.13: it may lie as high as on a real machine.
  assert.match(why('7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0'), /User-Mode Linux/);
});

test('the release that UNAME26 prints of a newer kernel is taken for one before 3.10', () => {
  const why = (release: string): string => {
    const evidence = evidenceOf({ ...MODERN, release, maps: STACK, auxv: null });
    return forecast(evidence, judge(evidence), '4.2').findings[0]?.text ?? '';
  };
  // setarch --uname-2.6 on 6.18.
  assert.match(why('2.6.78-amd64'), /release is not known/);
  assert.match(why('2.6.39-amd64'), /before 3\.10/);
});
