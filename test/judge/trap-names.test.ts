import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANONYMOUS_FLAGS,
  classes,
  codes,
  copiedPage,
  judged,
  kernelPage,
  MODERN,
  RHEL7,
  SPECIAL_FLAGS,
  vdsoIn,
} from './build.js';
import { headerOnly, vdsoImage } from './images.js';
import { STACK } from './processes.js';

// The traps about names. The number of the trap stands in each title.

test('trap 1: moved since 4.8: the name follows, auxv is old: genuine, moved, not mishinted', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f0000000000-7f0000004000 r--p 00000000 00:00 0 [vvar]
           7f0000004000-7f0000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f0000006000-7f0000008000 r-xp 00000000 00:00 0 [vdso]
           ${STACK}`,
    pagemap: { '0x7f0000006000': [kernelPage(0x2861), 0n] },
    auxv: 0x7f9999000000n,
  });
  assert.equal(verdict.hint, 'ok');
  assert.equal(verdict.vdso?.moved, true);
  assert.equal(verdict.vdso?.vvarAttached, true);
  assert.deepEqual(classes(verdict), { '0x7f0000006000': 'genuine' });
  assert.deepEqual(codes(verdict), ['vdso-moved']);
  assert.equal(verdict.confidence, 'proven');
});

const oldMoved = `7f6334cf3000-7f6334cf5000 r-xp 00000000 00:00 0
                  ${STACK}`;

test('trap 2: old kernel: the moved vDSO has no name: lost', () => {
  const verdict = judged({
    ...RHEL7,
    maps: oldMoved,
    pagemap: { '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)] },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(verdict.hint, 'lost');
  assert.deepEqual(classes(verdict), { '0x7f6334cf3000': 'genuine' });
  assert.equal(verdict.vdso?.moved, true);
  assert.equal(vdsoIn(verdict).vvarAttached, undefined);
  assert.ok(codes(verdict).includes('hint-lost'));
  assert.equal(verdict.confidence, 'proven');
});

test('trap 2: without any page, its bytes make it likely, never proven', () => {
  const verdict = judged({
    ...RHEL7,
    maps: oldMoved,
    bytes: { '0x7f6334cf3000': headerOnly() },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(verdict.hint, 'lost');
  assert.equal(verdict.confidence, 'likely');
});

test('trap 2: moved into the range of brk, where it is named [heap], it is likely the vDSO by its bytes', () => {
  const named = (name: string) =>
    judged({
      ...RHEL7,
      maps: `${oldMoved.replace('00:00 0\n', `00:00 0 ${name}\n`)}`,
      bytes: { '0x7f6334cf3000': headerOnly() },
      auxv: 0x7ffc15bfd000n,
    });
  assert.deepEqual([named('[heap]').hint, classes(named('[heap]'))], ['lost', { '0x7f6334cf3000': 'genuine' }]);
  assert.equal(named('[stack:77]').vdso, null);
});

test('trap 3: old kernel: anonymous memory at context.vdso is named [vdso]: gained', () => {
  const verdict = judged({
    ...RHEL7,
    maps: `${STACK}
           7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: { '0x7ffc15bfd000': [copiedPage(0x19f1), copiedPage(0x19f2)] },
    bytes: { '0x7ffc15bfd000': new Uint8Array(64).fill(0xcc) },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(verdict.vdso, null);
  assert.equal(verdict.hint, 'gained');
  assert.deepEqual(classes(verdict), { '0x7ffc15bfd000': 'decoy' });
});

test('trap 4: both at once: exactly one lost and one gained, each naming the other', () => {
  const verdict = judged({
    ...RHEL7,
    maps: `${oldMoved}
           7ffc15bfd000-7ffc15bff000 rw-p 00000000 00:00 0 [vdso]`,
    pagemap: {
      '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)],
      '0x7ffc15bfd000': [copiedPage(0x19f1), copiedPage(0x19f2)],
    },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(verdict.hint, 'lost+gained');
  assert.deepEqual(classes(verdict), { '0x7f6334cf3000': 'genuine', '0x7ffc15bfd000': 'decoy' });
  const [lost, gained] = [
    verdict.findings.filter(({ code }) => code === 'hint-lost'),
    verdict.findings.filter(({ code }) => code === 'hint-gained'),
  ];
  assert.equal(lost.length, 1);
  assert.equal(gained.length, 1);
  assert.match(lost[0]?.text ?? '', /0x7ffc15bfd000/);
  assert.match(gained[0]?.text ?? '', /0x7f6334cf3000/);
});

test('trap 3: what is larger than the image of this host is named [vdso] and untouched: gained, not the vDSO', () => {
  const named = (end: string) =>
    judged({
      ...RHEL7,
      maps: `${STACK}\n7ffc15bfd000-${end} r-xp 00000000 00:00 0 [vdso]`,
      pagemap: { '0x7ffc15bfd000': [0n, 0n, 0n] },
      auxv: 0x7ffc15bfd000n,
    });
  assert.equal(named('7ffc15c00000').hint, 'gained');
  assert.deepEqual(classes(named('7ffc15c00000')), { '0x7ffc15bfd000': 'decoy' });
  assert.equal(named('7ffc15bff000').hint, 'ok');
});

test('trap 5: old kernel: a file or memfd at the old address prints its path: no mishint of its own', () => {
  for (const name of ['/init', '/memfd:[vdso] (deleted)']) {
    const verdict = judged({
      ...RHEL7,
      maps: `${oldMoved}
             7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:02 1668 ${name}`,
      pagemap: { '0x7f6334cf3000': [kernelPage(0x1a05), 0n] },
      auxv: 0x7ffc15bfd000n,
    });
    assert.equal(verdict.hint, 'lost', name);
  }
});

test('trap 6: old kernel: moved away and back: genuine and correct', () => {
  const verdict = judged(
    {
      ...RHEL7,
      maps: `${STACK}
             7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]`,
      pagemap: { '0x7ffc15bfd000': [kernelPage(0x1a05), kernelPage(0x1a06)] },
      auxv: 0x7ffc15bfd000n,
    },
    {
      moves: [
        { at: 1n, from: 0x7ffc15bfd000n, to: 0x7f0000000000n, pid: 77, comm: 'x' },
        { at: 2n, from: 0x7f0000000000n, to: 0x7ffc15bfd000n, pid: 77, comm: 'x' },
      ],
    },
  );
  assert.equal(verdict.hint, 'ok');
  assert.equal(verdict.vdso?.moved, false);
  assert.deepEqual(codes(verdict), []);
});

test('trap 7: old kernel: unmapped with nothing there is no mishint; with memory there it is gained only', () => {
  const nothing = judged({ ...RHEL7, maps: STACK, auxv: 0x7ffc15bfd000n });
  assert.equal(nothing.vdso, null);
  assert.equal(nothing.hint, 'none');
  const memory = judged({
    ...RHEL7,
    maps: `${STACK}
           7ffc15bfd000-7ffc15bff000 rw-p 00000000 00:00 0 [vdso]`,
    pagemap: { '0x7ffc15bfd000': [copiedPage(0x19f1), copiedPage(0x19f2)] },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(memory.vdso, null);
  assert.equal(memory.hint, 'gained');
});

test('trap 8: an anonymous copy of vDSO bytes is a decoy, whatever it holds', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f0000000000-7f0000002000 r-xp 00000000 00:00 0
           7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
    bytes: { '0x7f0000000000': vdsoImage(), '0x7f1000006000': vdsoImage() },
    auxv: 0x7f1000006000n,
  });
  assert.deepEqual(classes(verdict), { '0x7f0000000000': 'decoy', '0x7f1000006000': 'genuine' });
  assert.equal(verdict.policies.symtable.right, false);
  assert.ok(codes(verdict).includes('elf-copy'));
});

test('trap 8: on an old kernel too: the copy has pages of its own', () => {
  const verdict = judged({
    ...RHEL7,
    maps: `${oldMoved}
           7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: {
      '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)],
      '0x7ffc15bfd000': [copiedPage(0x19f1), copiedPage(0x19f2)],
    },
    bytes: { '0x7f6334cf3000': vdsoImage(), '0x7ffc15bfd000': vdsoImage() },
    auxv: 0x7ffc15bfd000n,
  });
  assert.deepEqual(classes(verdict), { '0x7f6334cf3000': 'genuine', '0x7ffc15bfd000': 'decoy' });
});

test('trap 27: names that only contain [vdso] are never the name', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f0000000000-7f0000002000 r-xp 00000000 00:29 2 /[vdso]
           7f0000010000-7f0000012000 r-xp 00000000 fe:00 9 /tmp/x [vdso]
           7f0000020000-7f0000022000 r-xp 00000000 00:01 8 /memfd:[vdso] (deleted)
           7f0000030000-7f0000032000 r-xp 00000000 fe:00 7 /tmp/nl\\012[vdso]
           7f0000040000-7f0000042000 rw-p 00000000 00:00 0 [anon:vdso]
           7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
    auxv: 0x7f1000006000n,
  });
  assert.deepEqual(classes(verdict), {
    '0x7f0000000000': 'not-vdso',
    '0x7f0000010000': 'not-vdso',
    '0x7f0000020000': 'not-vdso',
    '0x7f0000030000': 'not-vdso',
    '0x7f1000006000': 'genuine',
  });
  assert.equal(verdict.hint, 'ok');
});

test('trap 28: other special mappings are not the vDSO, even with kernel pages', () => {
  const verdict = judged({
    ...MODERN,
    machine: 'aarch64',
    reference: { aarch64: [0x41000] },
    maps: `f7ee9000-f7eea000 r-xp 00000000 00:00 0 [sigpage]
           f7eea000-f7eec000 r--p 00000000 00:00 0 [vvar]
           f7eec000-f7eed000 r-xp 00000000 00:00 0 [vdso]
           f7ff0000-f7ff1000 --xp 00000000 00:00 0 [uprobes]
           ffff0000-ffff1000 r-xp 00000000 00:00 0 [vectors]`,
    pagemap: {
      '0xf7ee9000': [kernelPage(0x43427)],
      '0xf7eec000': [kernelPage(0x4132e)],
      '0xf7ff0000': [kernelPage(9)],
    },
    auxv: 0xf7eec000n,
    wordSize: 4,
  });
  assert.deepEqual(classes(verdict), { '0xf7eec000': 'genuine' });
  assert.equal(verdict.vdso?.image, 'arm');
});

test('trap 29: ld.so mapped at the old address: ELF magic is no evidence', () => {
  const verdict = judged({
    ...MODERN,
    maps: `7f0000000000-7f0000002000 r-xp 00000000 00:00 0 [vdso]
           7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
           7f1000006000-7f1000008000 r-xp 00000000 fe:00 5 /usr/lib/ld-linux-x86-64.so.2`,
    bytes: { '0x7f1000006000': vdsoImage({ soname: 'ld-linux-x86-64.so.2' }) },
    auxv: 0x7f1000006000n,
  });
  assert.deepEqual(classes(verdict), { '0x7f0000000000': 'genuine' });
  assert.equal(verdict.vdso?.vvarAttached, false);
});

const two = `7f0000000000-7f0000002000 r-xp 00000000 00:00 0 [vdso]
             7f1000000000-7f1000002000 r-xp 00000000 00:00 0 [vdso]`;

test('trap 30: two [vdso] lines: a torn read since 5.11, pieces of a split vDSO before', () => {
  const torn = judged({ ...MODERN, maps: two, auxv: 0x7f1000000000n });
  assert.equal(torn.vdso, undefined);
  assert.equal(torn.hint, undefined);
  assert.deepEqual(codes(torn), ['torn-read']);
  assert.equal(torn.policies.pfn.decision, undefined, 'which of them has the frame of the vDSO is not known');
  const split = judged({
    ...MODERN,
    release: '4.4.0',
    reference: { x86_64: [1, 2, 3, 4] },
    maps: two,
    pagemap: { '0x7f1000000000': [kernelPage(1)], '0x7f0000000000': [kernelPage(3)] },
    auxv: 0x7f1000000000n,
  });
  assert.deepEqual(classes(split), { '0x7f0000000000': 'genuine', '0x7f1000000000': 'genuine' });
  assert.equal(split.vdso?.start, 0x7f1000000000n);
  assert.equal(split.vdso?.moved, false);
});

test('trap 30: a range that the read shows twice is one vDSO', () => {
  const line = '7f1000000000-7f1000002000 r-xp 00000000 00:00 0 [vdso]';
  const twice = judged({ ...MODERN, maps: `${line}\n${line}`, auxv: 0x7f1000000000n });
  assert.deepEqual([twice.vdso?.start, twice.hint], [0x7f1000000000n, 'ok']);
  const smaller = line.replace('2000 r', '1000 r');
  const grown = judged({ ...MODERN, maps: `${smaller}\n${line}`, auxv: 0x7f1000000000n });
  assert.deepEqual(codes(grown), ['torn-read']);
});

test('trap 30: of two in a torn read, the one with the kernel page is it; what the other is stays open', () => {
  const verdict = judged({ ...MODERN, maps: two, pagemap: { '0x7f1000000000': [kernelPage(0x2861), 0n] }, auxv: null });
  assert.equal(verdict.vdso?.start, 0x7f1000000000n);
  assert.equal(verdict.confidence, 'proven');
  assert.equal(verdict.hint, undefined);
});

test("trap 30: the kernel's pointer tells too, likely", () => {
  const verdict = judged({ ...MODERN, maps: two, contextVdso: 0x7f0000000000n, auxv: null });
  assert.equal(verdict.vdso?.start, 0x7f0000000000n);
  assert.equal(verdict.confidence, 'likely');
  assert.deepEqual(codes(verdict).slice(0, 1), ['vvar-detached']);
  assert.ok(codes(verdict).includes('torn-read'));
});

test('trap 37: 3.16 to 4.7: the name is right, context.vdso is old: genuine, moved', () => {
  const verdict = judged({
    ...MODERN,
    release: '4.4.0',
    contextVdso: 0x7f9999000000n,
    maps: `7f1000000000-7f1000002000 r--p 00000000 00:00 0 [vvar]
           7f1000002000-7f1000004000 r-xp 00000000 00:00 0 [vdso]`,
    auxv: 0x7f9999000000n,
  });
  assert.equal(verdict.hint, 'ok');
  assert.equal(verdict.vdso?.moved, true);
  assert.equal(verdict.vdso?.start, 0x7f1000002000n);
});

test('trap 38: csky, hexagon, sh since 6.12, User-Mode Linux: the vDSO keeps its name, the old address has it too', () => {
  for (const [machine, release] of [
    ['sh4', '6.12.1'],
    ['csky', '6.12.1'],
    ['x86_64', '6.12.101'],
  ] as const) {
    const verdict = judged({
      machine,
      release,
      reference: machine === 'x86_64' ? { x86_64: [0x26876] } : {},
      maps: `7f40000000-7f40001000 r-xp 00000000 00:00 0 [vdso]
             7f7ffff000-7f80000000 rw-p 00000000 00:00 0 [vdso]`,
      smaps: `7f40000000-7f40001000 r-xp 00000000 00:00 0 [vdso]
              ${SPECIAL_FLAGS}
              7f7ffff000-7f80000000 rw-p 00000000 00:00 0 [vdso]
              ${ANONYMOUS_FLAGS}`,
      pagemap: { '0x7f40000000': [kernelPage(0x26876)], '0x7f7ffff000': [copiedPage(0x99)] },
      auxv: 0x7f7ffff000n,
    });
    assert.equal(verdict.hint, 'gained', machine);
    assert.deepEqual(classes(verdict), { '0x7f40000000': 'genuine', '0x7f7ffff000': 'decoy' }, machine);
  }
});

test('trap 39: unmapped is unmapped, whether context.vdso is stale (x86) or NULL (powerpc)', () => {
  for (const [machine, contextVdso] of [
    ['x86_64', 0x7ffc15bfd000n],
    ['ppc64le', 0n],
  ] as const) {
    const verdict = judged({ ...MODERN, machine, contextVdso, maps: STACK, auxv: 0x7ffc15bfd000n });
    assert.equal(verdict.vdso, null, machine);
    assert.equal(verdict.hint, 'none', machine);
  }
});

test('a container that fakes its release does not change the era: the mappings and the hint test go first', () => {
  const named = judged({
    release: '2.6.18-128.el5',
    hintTest: 'unknown',
    maps: `7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
           7f1000004000-7f1000006000 r-xp 00000000 00:00 0 [vdso]`,
    auxv: 0x7f1000004000n,
  });
  assert.equal(named.hint, 'ok');
  assert.equal(named.confidence, 'proven');
  const nameless = judged({
    ...RHEL7,
    release: '5.14.0',
    hintTest: 'unknown',
    maps: oldMoved,
    pagemap: { '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)] },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(nameless.hint, 'lost');
  assert.equal(nameless.confidence, 'likely');
});
