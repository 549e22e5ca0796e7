import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import { usualVvarPages } from '../../src/judge/layout.js';
import { parseRelease } from '../../src/judge/release.js';
import {
  classes,
  codes,
  copiedPage,
  evidenceOf,
  judged,
  kernelPage,
  type Made,
  MODERN,
  SPECIAL_FLAGS,
  vdsoIn,
} from './build.js';
import { vdsoImage } from './images.js';
import { AT, NATIVE, STACK, native as unread } from './processes.js';

// The traps about where things are, and about who did what. State is all that is judged here; events
// that change nothing must leave a verdict of nothing.

/** Read with its stack, and the frame of one page. */
const native = (more: Partial<Made> = {}): Made =>
  unread({ maps: `${NATIVE}\n${STACK}`, pagemap: { [AT]: [kernelPage(0x2861), 0n] }, ...more });

test('trap 18: gone, with context and auxv stale: none; whatever lies there without a name is a decoy', () => {
  const kinds: readonly (readonly [string, string | undefined])[] = [
    ['', undefined],
    ['7f1000006000-7f1000008000 r-xp 00000000 00:00 0', 'decoy'],
    // Named by its owner (PR_SET_VMA_ANON_NAME, 5.17), not by the kernel.
    ['7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [anon:jit]', 'decoy'],
    ['7f1000006000-7f1000008000 rw-s 00000000 00:01 99 /dev/zero (deleted)', undefined],
    ['7f1000006000-7f1000008000 r-xp 00000000 fe:00 5 /bin/true', undefined],
    ['7f1000006000-7f1000008000 r-xs 00000000 00:01 5 /SYSV00000000 (deleted)', undefined],
    ['7f1000006000-7f1000008000 r-xp 00000000 00:01 5 /memfd:[vdso] (deleted)', 'not-vdso'],
  ];
  for (const [line, mappingClass] of kinds) {
    const verdict = judged({
      ...MODERN,
      maps: `${line}\n${STACK}`,
      auxv: 0x7f1000006000n,
      contextVdso: 0x7f1000006000n,
    });
    assert.equal(verdict.vdso, null, line);
    assert.equal(verdict.hint, 'none', line);
    assert.deepEqual(classes(verdict), mappingClass === undefined ? {} : { '0x7f1000006000': mappingClass }, line);
    assert.ok(codes(verdict).includes('vdso-unmapped'), line);
  }
});

test('traps 19 and 20: destroyed by mremap onto it, MAP_FIXED, SHM_REMAP or a huge munmap: none', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f1000006000-7f1000010000 rw-p 00000000 00:00 0
           ${STACK}`,
    auxv: 0x7f1000006000n,
  });
  assert.equal(verdict.vdso, null);
  assert.deepEqual(classes(verdict), { '0x7f1000006000': 'decoy' });
  assert.ok(codes(verdict).includes('vvar-orphaned'));
});

test('traps 21, 22, 23, 43, 44: what only moved nothing, or was refused, leaves a native verdict; a block moves as one', () => {
  assert.deepEqual(codes(judged(native())), []);
  assert.equal(judged(native()).vdso?.moved, false);
  const block = judged(native({ auxv: 0x7f2000006000n }));
  assert.equal(block.vdso?.moved, true);
  assert.equal(block.vdso?.vvarAttached, true);
  // ARCH_MAP_VDSO returned a size; where it put the vDSO is what history or maps say.
  const placed = judge(evidenceOf(native({ auxv: 0x7f2000006000n })), { placedAt: 0x7f1000006000n });
  assert.equal(placed.vdso?.moved, false);
});

const attached = (maps: string, more: Partial<Made> = {}): boolean | undefined =>
  judged({ ...MODERN, maps, auxv: null, ...more }).vdso?.vvarAttached;

test('trap 24: only vvar moved, unmapped or cut: genuine, detached', () => {
  assert.equal(
    attached(`7f0000000000-7f0000004000 r--p 00000000 00:00 0 [vvar]
              7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
              7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`),
    false,
  );
  assert.equal(attached('7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]'), false);
  assert.equal(
    attached(`7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
              7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`),
    false,
  );
  assert.equal(
    attached(
      `7f1000003000-7f1000006000 r--p 00000000 00:00 0 [vvar]
       7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
      { release: '5.10.0' },
    ),
    false,
    'three of four pages',
  );
  const verdict = judged(native({ maps: `7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]\n${STACK}` }));
  assert.ok(codes(verdict).includes('vvar-detached'));
  assert.equal(verdict.hint, 'ok');
});

test('trap 24: [vvar] and [vvar_vclock] in the wrong order: genuine, detached', () => {
  const verdict = judged(
    native({
      maps: `7f1000000000-7f1000002000 r--p 00000000 00:00 0 [vvar_vclock]
             7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]
             7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]
             ${STACK}`,
    }),
  );
  assert.deepEqual([verdict.vdso?.start, verdict.vdso?.vvarAttached], [0x7f1000006000n, false]);
});

test('trap 24: arm64 has two pages of [vvar] since 5.9, and before 5.11 one of them can be unmapped', () => {
  const arm = (from: string) =>
    judged({
      release: '5.10.0',
      machine: 'aarch64',
      maps: `${from}-ffff9a7c1000 r--p 00000000 00:00 0 [vvar]
             ffff9a7c1000-ffff9a7c2000 r-xp 00000000 00:00 0 [vdso]`,
      auxv: 0xffff9a7c1000n,
      smaps: `ffff9a7c1000-ffff9a7c2000 r-xp 00000000 00:00 0 [vdso]
              ${SPECIAL_FLAGS}`,
    }).vdso?.vvarAttached;
  assert.deepEqual([arm('ffff9a7bf000'), arm('ffff9a7c0000')], [true, false]);
});

test('trap 24: riscv and s390x map a [vvar] beside every vDSO from 6.1 on; of older ones that is not known', () => {
  const without = (machine: string, release: string) =>
    attached('7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]', { machine, release, reference: {} });
  for (const machine of ['riscv64', 's390x', 'ppc64le'])
    assert.deepEqual([without(machine, '6.1.0'), without(machine, '5.19.0')], [false, undefined], machine);
});

test('riscv, s390x and ppc64 have two pages of [vvar] to 6.12, four since 7.2, and between them nobody looked', () => {
  const pages = (machine: string, release: string) => usualVvarPages(machine, parseRelease(release));
  for (const machine of ['riscv64', 's390x', 'ppc64le'])
    assert.deepEqual(
      ['5.19.0', '6.1.0-50-x', '6.12.107+deb13-x', '6.13.0', '7.1.0', '7.2.13+deb14-x'].map((at) => pages(machine, at)),
      [undefined, 2, 2, undefined, undefined, 4],
      machine,
    );
});

test('trap 24: x86 before 5.6 has two or three pages of [vvar], and each may be cut off', () => {
  const pages = (release: string, from: string): boolean | undefined =>
    attached(
      `${from}-7f1000006000 r--p 00000000 00:00 0 [vvar]
       7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
      { release },
    );
  for (const release of ['3.19.0', '4.4.0']) {
    assert.deepEqual([pages(release, '7f1000005000'), pages(release, '7f1000004000')], [false, true], release);
  }
  for (const release of ['4.12.0', '4.18.0-305.el8', '5.4.0']) {
    assert.deepEqual([pages(release, '7f1000004000'), pages(release, '7f1000003000')], [false, true], release);
  }
  assert.equal(pages('4.18.0-477.el8', '7f1000002000'), true, 'a vendor added the page of time namespaces');
});

test('a vendor kernel of 6.12 may have the split of 6.13', () => {
  assert.equal(attached(NATIVE, { release: '6.12.0-55.el10.x86_64' }), true);
});

test('6.13 and 6.14 split their four pages of data in two and two: an ordinary process is attached, and restored in place', () => {
  const maps = `7f1000000000-7f1000002000 r--p 00000000 00:00 0 [vvar]
                7f1000002000-7f1000004000 r--p 00000000 00:00 0 [vvar_vclock]
                7f1000004000-7f1000006000 r-xp 00000000 00:00 0 [vdso]
                ${STACK}`;
  for (const release of ['6.13.7-arch1-1', '6.14.0-27-generic', '6.12.0-100.el10.x86_64', undefined]) {
    const evidence = evidenceOf(native({ maps, auxv: 0x7f1000004000n, pagemap: {}, ...(release && { release }) }));
    const made = { ...evidence, host: { ...evidence.host, release } };
    const verdict = judge(made);
    assert.equal(verdict.vdso?.vvarAttached, true, release);
    assert.deepEqual(codes(verdict), [], release);
    if (release !== undefined) assert.equal(forecast(made, verdict, '4.2').restore, 'in-place', release);
  }
  const cut = maps.split('\n').slice(1).join('\n');
  assert.equal(attached(cut, { release: '6.14.0' }), false);
  assert.equal(attached(maps, { release: '6.15.0' }), false, 'there [vvar] alone has four');
});

test('trap 25: [vvar_vclock] between them is normal since 6.13; [vdso] before [vvar] on 3.16 and csky', () => {
  assert.equal(attached(NATIVE), true);
  const reversed = `7f1000000000-7f1000002000 r-xp 00000000 00:00 0 [vdso]
                    7f1000002000-7f1000004000 r--p 00000000 00:00 0 [vvar]`;
  assert.equal(attached(reversed, { release: '3.16.7' }), true);
  assert.equal(attached(reversed, { release: '3.16.7', machine: 'csky' }), true);
  assert.equal(attached(reversed, { release: '4.4.0' }), false);
});

test('trap 26: r-- or rwx: genuine, and said so', () => {
  const readOnly = judged(native({ maps: NATIVE.replace('r-xp', 'r--p') }));
  assert.deepEqual(classes(readOnly), { '0x7f1000006000': 'genuine' });
  assert.deepEqual(codes(readOnly), [
    'vdso-not-executable',
    'hint-policy-wrong',
    'pfn-policy-wrong',
    'symtable-policy-wrong',
  ]);
  const writable = judged(native({ maps: NATIVE.replace('r-xp', 'rwxp') }));
  assert.deepEqual(codes(writable), ['vdso-writable']);
});

test('trap 31: kernel threads and zombies: not applicable; vdso=0: absent and nothing wrong', () => {
  for (const made of [{ kernelThread: true }, { state: 'Z' }] as const) {
    const verdict = judged({ ...MODERN, maps: '', ...made });
    assert.equal(verdict.applicable, false);
    assert.deepEqual(codes(verdict), []);
  }
  // To a reader who is not root.
  const unread = { ...evidenceOf({ ...MODERN, maps: '', kernelThread: true }), vmas: undefined };
  assert.equal(judge(unread).applicable, false);
  const off = judged({ release: '6.12.0', hintTest: 'unknown', maps: STACK, auxv: undefined });
  assert.equal(off.vdso, null);
  assert.equal(off.hint, 'none');
  assert.deepEqual(codes(off), ['vdso-absent']);
  assert.equal(off.findings[0]?.severity, 'info');
  const known = judge(evidenceOf({ ...MODERN, maps: STACK, auxv: null }), {
    hostGivesVdso: new Map([['x86_64', false]]),
  });
  assert.deepEqual(codes(known), ['vdso-absent']);
});

test('trap 32: forged auxv: the vDSO is where it is; whether it moved is not known unless history knows', () => {
  const forged = native({
    maps: `7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]
           7f1000008000-7f1000009000 r--p 00000000 fe:00 33 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
           ${STACK}`,
    auxv: 0x7fff12340000n,
  });
  const verdict = judged(forged);
  assert.equal(verdict.vdso?.start, 0x7f1000006000n);
  assert.equal(vdsoIn(verdict).moved, undefined);
  assert.deepEqual(codes(verdict), ['auxv-mismatch']);
  assert.equal(judge(evidenceOf(forged), { placedAt: 0x7f1000006000n }).vdso?.moved, false);
  assert.equal(vdsoIn(judged(native({ auxv: 0x7fff12340123n }))).moved, undefined, 'no page address');
  assert.equal(vdsoIn(judged(native({ auxv: null }))).moved, undefined, 'no auxv');
  assert.equal(vdsoIn(judged(native({ auxv: undefined }))).moved, undefined, 'no AT_SYSINFO_EHDR');
});

test('trap 32: before 6.9 exec puts the vDSO above the stack: an auxv that names a place below is what is wrong', () => {
  const above = (auxv: bigint, maps = '') =>
    judged({
      ...MODERN,
      release: '6.1.0',
      maps: `${maps}${STACK}
             7ffc15bf9000-7ffc15bfd000 r--p 00000000 00:00 0 [vvar]
             7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]`,
      auxv,
    }).vdso?.moved;
  assert.equal(above(0x7f1000006000n), undefined, 'auxv was forged, most likely');
  assert.equal(above(0x7ffc15bc5000n), true, 'from another place above the stack');
});

test("traps 33 and 34: an inherited or a sibling's move is a move: the state says so, without an event", () => {
  const verdict = judged(native({ auxv: 0x7f2000006000n, pagemap: { '0x7f1000006000': [0n, 0n] } }));
  assert.equal(verdict.vdso?.moved, true);
  assert.deepEqual(verdict.vdso?.modifiedPages, []);
});

test('traps 35, 36 and 42: the judge keeps nothing between two processes or two readings', () => {
  const moved = evidenceOf(native({ auxv: 0x7f2000006000n }));
  const fresh = evidenceOf(native());
  const first = judge(fresh);
  judge(moved, { placedAt: 0x7f2000006000n });
  assert.deepEqual(judge(fresh), first);
});

test('trap 40: sealed: genuine, immovable, and nothing else', () => {
  const verdict = judged(
    native({
      smaps: `7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]
              ${SPECIAL_FLAGS}sl`,
    }),
  );
  assert.equal(verdict.vdso?.sealed, true);
  assert.deepEqual(codes(verdict), ['vdso-sealed']);
});

test('memory that merges below the old address, or a shared one at it, is not a decoy; the copy itself is', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f1000000000-7f1000008000 rw-p 00000000 00:00 0
           7f3000000000-7f3000002000 r-xp 00000000 00:00 0 [vdso]
           ${STACK}`,
    pagemap: { '0x7f1000000000': Array.from({ length: 8 }, () => copiedPage(3)) },
    auxv: 0x7f1000006000n,
  });
  assert.deepEqual(classes(verdict), { '0x7f3000000000': 'genuine' });
});

test("the kernel's own word goes before names, pages and content", () => {
  const verdict = judge(
    evidenceOf({
      release: '3.10.0',
      hintTest: 'lost',
      maps: `7f0000000000-7f0000002000 r-xp 00000000 00:00 0
             7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
      bytes: { '0x7f1000006000': vdsoImage() },
      auxv: 0x7f1000006000n,
    }),
    { kernelTruth: [{ start: 0x7f0000000000n, end: 0x7f0000002000n, name: '[vdso]' }] },
  );
  assert.deepEqual(classes(verdict), { '0x7f0000000000': 'genuine', '0x7f1000006000': 'decoy' });
  assert.equal(verdict.hint, 'lost+gained');
  assert.equal(verdict.confidence, 'proven');
});

test('AT_SYSINFO_EHDR of zero names no place to have moved from', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f0000000000-7f0000004000 r--p 00000000 00:00 0 [vvar]
           7f0000004000-7f0000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f0000006000-7f0000008000 r-xp 00000000 00:00 0 [vdso]`,
    auxv: 0n,
  });
  assert.equal(vdsoIn(verdict).moved, undefined);
});

test('[vvar_vclock] alone is not all the data of a vDSO, whatever the release says', () => {
  const verdict = judged({
    ...MODERN,
    release: '2.6.78',
    maps: `7f0000004000-7f0000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f0000006000-7f0000008000 r-xp 00000000 00:00 0 [vdso]`,
    auxv: 0x7f0000006000n,
  });
  assert.equal(verdict.vdso?.vvarAttached, false);
});
