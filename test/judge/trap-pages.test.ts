import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baselines } from '../../src/judge/baseline.js';
import { judge } from '../../src/judge/judge.js';
import {
  classes,
  codes,
  copiedPage,
  evidenceOf,
  judged,
  kernelPage,
  type Made,
  MODERN,
  oldPage,
  RHEL7,
  SOFT_DIRTY_ONLY,
  SWAPPED,
  VZ6,
  vdsoIn,
} from './build.js';
import { headerOnly, vdsoImage } from './images.js';
import { AT, native } from './processes.js';

// The traps about pages.

test('trap 10: copied pages: genuine, and which pages, even when the content is the same', () => {
  const verdict = judged(
    native({ pagemap: { [AT]: [copiedPage(0x999), kernelPage(0x2862)] }, bytes: { [AT]: vdsoImage() } }),
  );
  assert.deepEqual(verdict.vdso?.modifiedPages, [0]);
  assert.deepEqual(classes(verdict), { [AT]: 'genuine' });
  assert.equal(verdict.hint, 'ok');
  assert.equal(verdict.policies.pfn.right, false);
  assert.deepEqual(verdict.policies.pfn.criuMessages, ['Drop mishinted vDSO status at 7f1000006000']);
  assert.ok(codes(verdict).includes('page-modified'));
  assert.ok(codes(verdict).includes('pfn-policy-wrong'));
});

test('trap 10: CRIU looks at the first page only', () => {
  const verdict = judged(native({ pagemap: { [AT]: [kernelPage(0x2861), copiedPage(0x999)] } }));
  assert.deepEqual(verdict.vdso?.modifiedPages, [1]);
  assert.equal(verdict.policies.pfn.right, true);
});

test('trap 11: a copy undone by MADV_DONTNEED is clean; "ac" only tells of the past', () => {
  const verdict = judged(
    native({
      pagemap: { [AT]: [kernelPage(0x2861), kernelPage(0x2862)] },
      smaps: `7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]
              Anonymous: 0 kB
              VmFlags: rd ex mr mw me de ac`,
    }),
  );
  assert.deepEqual(verdict.vdso?.modifiedPages, []);
  assert.deepEqual(codes(verdict), []);
});

test('traps 12 and 14: nothing present, or a soft-dirty bit alone: genuine, clean, frame unknown', () => {
  for (const word of [0n, SOFT_DIRTY_ONLY]) {
    const verdict = judged(native({ pagemap: { [AT]: [word, word] } }));
    assert.deepEqual(verdict.vdso?.modifiedPages, []);
    assert.deepEqual(verdict.vdso?.frames, [undefined, undefined]);
    assert.equal(verdict.confidence, 'proven');
    assert.deepEqual(codes(verdict), []);
  }
});

test('trap 12: old kernel: an untouched moved vDSO is likely, by its bytes', () => {
  const verdict = judged({
    ...RHEL7,
    maps: '7f34ecefb000-7f34ecefd000 r-xp 00000000 00:00 0\n7ffd9237f000-7ffd923a0000 rw-p 00000000 00:00 0 [stack]',
    pagemap: { '0x7f34ecefb000': [SOFT_DIRTY_ONLY, SOFT_DIRTY_ONLY] },
    bytes: { '0x7f34ecefb000': headerOnly() },
    auxv: 0x7ffd923b1000n,
  });
  assert.equal(verdict.vdso?.start, 0x7f34ecefb000n);
  assert.equal(verdict.hint, 'lost');
  assert.equal(verdict.confidence, 'likely');
});

/** The parent moved it, put a copy of its bytes where it had been, and forked. */
const COPY_LEFT = {
  ...RHEL7,
  maps: `7f34ecefb000-7f34ecefd000 r-xp 00000000 00:00 0
         7ffd9237f000-7ffd923a0000 rw-p 00000000 00:00 0 [stack]
         7ffd923b1000-7ffd923b3000 r-xp 00000000 00:00 0 [vdso]`,
  auxv: 0x7ffd923b1000n,
} satisfies Made;

test('old kernel: a page that is not mapped and not empty is the kernel behind it, a copy next to it is a decoy', () => {
  const verdict = judged({
    ...COPY_LEFT,
    pagemap: { '0x7f34ecefb000': [0n, 0n], '0x7ffd923b1000': [copiedPage(0x19f3), copiedPage(0x19ef)] },
    bytes: { '0x7f34ecefb000': headerOnly(), '0x7ffd923b1000': headerOnly() },
  });
  assert.deepEqual(classes(verdict), { '0x7f34ecefb000': 'genuine', '0x7ffd923b1000': 'decoy' });
  assert.deepEqual([verdict.hint, verdict.confidence], ['lost+gained', 'likely']);
  assert.deepEqual(verdict.vdso?.modifiedPages, []);
  const empty = judged({
    ...COPY_LEFT,
    pagemap: { '0x7f34ecefb000': [0n, 0n], '0x7ffd923b1000': [copiedPage(0x19f3), copiedPage(0x19ef)] },
    bytes: { '0x7f34ecefb000': new Uint8Array(64), '0x7ffd923b1000': headerOnly() },
  });
  assert.notEqual(classes(empty)['0x7f34ecefb000'], 'genuine', 'zeros are what anonymous memory reads as');
});

test('old kernel: nothing but private pages that cannot be written: a copy or a vDSO a debugger wrote, who knows', () => {
  const all = (permissions: string) =>
    judged({
      ...RHEL7,
      maps: `7ffd923b1000-7ffd923b3000 ${permissions} 00000000 00:00 0 [vdso]`,
      pagemap: { '0x7ffd923b1000': [copiedPage(0x19f3), copiedPage(0x19ef)] },
      bytes: { '0x7ffd923b1000': headerOnly() },
      auxv: 0x7ffd923b1000n,
    });
  assert.equal(all('r-xp').vdso, undefined);
  assert.ok(codes(all('r-xp')).includes('vdso-unclear'));
  assert.equal(all('rwxp').vdso?.start, 0x7ffd923b1000n, 'whoever writes his own vDSO makes it writable');
});

test('traps 13 and 41: hidden frames are unknown by frame, clean by flags, and no mismatch', () => {
  const verdict = judged(native({ pagemap: { [AT]: [kernelPage(0), 0n] } }));
  assert.deepEqual(verdict.vdso?.modifiedPages, []);
  assert.equal(verdict.policies.pfn.decision, undefined);
  assert.equal(verdict.policies.pfn.right, undefined);
  assert.ok(!codes(verdict).includes('container-vdso'));
});

test('trap 15: the i386 image in a 64-bit process, and a 32-bit task: another image, not a mismatch', () => {
  const foreign = judged({
    ...MODERN,
    maps: `40000000-40004000 r--p 00000000 00:00 0 [vvar]
           40004000-40006000 r--p 00000000 00:00 0 [vvar_vclock]
           40006000-40008000 r-xp 00000000 00:00 0 [vdso]
           7ffc15b9c000-7ffc15bbd000 rw-p 00000000 00:00 0 [stack]`,
    pagemap: { '0x40006000': [kernelPage(0x2863), 0n] },
    bytes: { '0x40006000': vdsoImage({ bits: 32, machine: 3, soname: 'linux-gate.so.1' }) },
    auxv: 0x7f544cef5000n,
  });
  assert.equal(foreign.vdso?.image, 'i386');
  assert.equal(foreign.abi, 'x86_64');
  assert.ok(codes(foreign).includes('foreign-image'));
  const own = judged({
    ...MODERN,
    maps: `f7fbb000-f7fbf000 r--p 00000000 00:00 0 [vvar]
           f7fbf000-f7fc1000 r--p 00000000 00:00 0 [vvar_vclock]
           f7fc1000-f7fc3000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: { '0xf7fc1000': [kernelPage(0x2863), 0n] },
    auxv: 0xf7fc1000n,
    wordSize: 4,
  });
  assert.equal(own.vdso?.image, 'i386');
  assert.equal(own.abi, 'i386');
  assert.equal(own.policies.pfn.right, true, 'CRIU does not check 32-bit tasks');
  assert.deepEqual(codes(own), []);
});

test("trap 16: Virtuozzo: pages that are not the host's are the container's, and the frame check is wrong", () => {
  const verdict = judged({
    ...RHEL7,
    maps: '7ffddad93000-7ffddad95000 r-xp 00000000 00:00 0 [vdso]',
    pagemap: { '0x7ffddad93000': [kernelPage(0x4444), kernelPage(0x4445)] },
    auxv: 0x7ffddad93000n,
    uts: 4026532999n,
  });
  assert.deepEqual(classes(verdict), { '0x7ffddad93000': 'genuine' });
  assert.equal(verdict.confidence, 'proven');
  assert.deepEqual(verdict.vdso?.modifiedPages, []);
  assert.ok(codes(verdict).includes('container-vdso'));
  assert.equal(verdict.policies.pfn.right, false);
});

test("trap 16: one that changed its UTS namespace without exec keeps the host's image", () => {
  const verdict = judged({
    ...RHEL7,
    maps: '7ffddad93000-7ffddad95000 r-xp 00000000 00:00 0 [vdso]',
    pagemap: { '0x7ffddad93000': [kernelPage(0x1a05), kernelPage(0x1a06)] },
    auxv: 0x7ffddad93000n,
    uts: 4026532999n,
  });
  assert.deepEqual(codes(verdict), []);
  assert.equal(verdict.policies.pfn.right, true);
});

test('trap 16 on 2.6.32, which has no bit 61: the frames around tell, likely; a shared page set proves it', () => {
  const container = (pid: number): Made => ({
    ...VZ6,
    pid,
    maps: `00406000-00408000 rw-p 00000000 00:00 0
           7f11922ac000-7f11922ae000 r-xp 00000000 00:00 0
           7ffd86e65000-7ffd86e67000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: {
      '0x406000': [oldPage(0x1570), oldPage(0x1571)],
      '0x7f11922ac000': [oldPage(0x2f330), oldPage(0x2f353)],
      '0x7ffd86e65000': [oldPage(0x1565), oldPage(0x1560)],
    },
    bytes: { '0x7f11922ac000': headerOnly(), '0x7ffd86e65000': headerOnly() },
    auxv: 0x7ffd86e65000n,
    uts: 7n,
  });
  const one = evidenceOf(container(1));
  const verdict = judge(one);
  assert.deepEqual(classes(verdict), { '0x7f11922ac000': 'genuine', '0x7ffd86e65000': 'decoy' });
  assert.equal(verdict.hint, 'lost+gained');
  assert.equal(verdict.confidence, 'likely');
  const other = evidenceOf(container(2));
  const sets = baselines([one, other].map((evidence) => ({ evidence, verdict: judge(evidence) })));
  assert.deepEqual(
    sets.map(({ kind, uts, processes }) => ({ kind, uts, processes })),
    [{ kind: 'container', uts: 7n, processes: [1, 2] }],
  );
  assert.equal(judge(one, { baselines: sets }).confidence, 'proven');
  const alone = baselines([{ evidence: one, verdict }]);
  assert.deepEqual(
    alone.map(({ kind }) => kind),
    ['lone'],
  );
  assert.equal(judge(one, { baselines: alone }).confidence, 'likely', 'a set that one process has proves nothing');
});

test('trap 17: new namespaces on mainline change nothing of the text', () => {
  const verdict = judged(native({ pagemap: { [AT]: [kernelPage(0x2861), kernelPage(0x2862)] }, uts: 4026532999n }));
  assert.deepEqual(codes(verdict), []);
  assert.equal(verdict.vdso?.moved, false);
});

test('trap 45: 64 KiB pages: one page of text, and sizes scale', () => {
  const verdict = judged({
    machine: 'aarch64',
    release: '6.12.0',
    pageSize: 65536,
    reference: { aarch64: [0x4100] },
    maps: `ffff90000000-ffff90020000 r--p 00000000 00:00 0 [vvar]
           ffff90020000-ffff90030000 r-xp 00000000 00:00 0 [vdso]`,
    smaps: `ffff90020000-ffff90030000 r-xp 00000000 00:00 0 [vdso]
            Anonymous: 64 kB
            Swap: 0 kB`,
    auxv: 0xffff90020000n,
  });
  assert.deepEqual(verdict.vdso?.modifiedPages, [0]);
  assert.equal(verdict.vdso?.vvarAttached, true);
});

test('a swapped page is a copy', () => {
  const verdict = judged(native({ pagemap: { [AT]: [kernelPage(0x2861), SWAPPED] } }));
  assert.deepEqual(verdict.vdso?.modifiedPages, [1]);
});

test('smaps alone: no copies, all copies, or how many but not which', () => {
  const withAnonymous = (text: string): readonly number[] | undefined =>
    judged(native({ smaps: `7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]\n${text}` })).vdso?.modifiedPages;
  assert.deepEqual(withAnonymous('Anonymous: 0 kB\nSwap: 0 kB'), []);
  assert.deepEqual(withAnonymous('Anonymous: 8 kB\nSwap: 0 kB'), [0, 1]);
  assert.deepEqual(withAnonymous('Anonymous: 4 kB\nSwap: 4 kB'), [0, 1]);
  assert.equal(withAnonymous('Anonymous: 4 kB\nSwap: 0 kB'), undefined);
  assert.equal(withAnonymous('Anonymous: 0 kB'), undefined, 'a copy may be swapped out unseen');
  assert.equal(withAnonymous('Rss: 8 kB'), undefined);
  assert.equal(vdsoIn(judged(native({}))).modifiedPages, undefined);
});

test('a truncated pagemap says nothing of the pages it lacks', () => {
  assert.equal(vdsoIn(judged(native({ pagemap: { [AT]: [kernelPage(0x2861)] } }))).modifiedPages, undefined);
});

test("2.6.32: a page beside one of the host's that has another frame is a copy", () => {
  const verdict = judged({
    ...VZ6,
    maps: '7ffdc74a1000-7ffdc74a3000 rwxp 00000000 00:00 0 [vdso]',
    pagemap: { '0x7ffdc74a1000': [oldPage(0x155c), oldPage(0x2f2a5)] },
    auxv: 0x7ffdc74a1000n,
  });
  assert.deepEqual(verdict.vdso?.modifiedPages, [0]);
});

test('2.6.32: with nothing to compare, pages are unknown, not clean and not copied', () => {
  const verdict = judged({
    release: '2.6.32',
    hintTest: 'lost',
    maps: '7ffdc74a1000-7ffdc74a3000 r-xp 00000000 00:00 0 [vdso]',
    pagemap: { '0x7ffdc74a1000': [oldPage(0x155c), oldPage(0x155d)] },
    bytes: { '0x7ffdc74a1000': headerOnly() },
    auxv: 0x7ffdc74a1000n,
  });
  assert.equal(vdsoIn(verdict).modifiedPages, undefined);
  assert.equal(verdict.confidence, 'likely');
});

test('kpageflags tell where pagemap cannot: an anonymous page, a kernel page', () => {
  const old = (flags: bigint) =>
    judged({
      release: '2.6.32',
      hintTest: 'lost',
      maps: '7ffdc74a1000-7ffdc74a2000 rwxp 00000000 00:00 0 [vdso]',
      pagemap: { '0x7ffdc74a1000': [oldPage(0x155c)] },
      kpageflags: { '0x7ffdc74a1000': [flags] },
      bytes: { '0x7ffdc74a1000': headerOnly() },
      auxv: 0x7ffdc74a1000n,
    });
  assert.deepEqual(old(0x5868n).vdso?.modifiedPages, [0]);
  assert.deepEqual(old(0x804n).vdso?.modifiedPages, []);
  assert.equal(old(0x804n).confidence, 'proven');
});
