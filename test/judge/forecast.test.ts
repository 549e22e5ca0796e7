import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectEntries } from '../../src/judge/criu/entry.js';
import { fixup } from '../../src/judge/criu/fixup.js';
import type { CriuVersion } from '../../src/judge/criu/version.js';
import { ifSeized, inMemoryOf } from '../../src/judge/forecast/refused.js';
import { takenOf } from '../../src/judge/forecast/restore-rule.js';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import { survey } from '../../src/judge/space.js';
import type { Forecast } from '../../src/model/verdict.js';
import { codes, copiedPage, evidenceOf, kernelPage, type Made, MODERN, RHEL7, VZ6 } from './build.js';
import { markBytes, proxyImage, vdsoImage } from './images.js';
import { proxied, STACK } from './processes.js';

// Runs of CRIU 4.2 on Linux 6.18, and what follows from its rules, one row each.

const VVAR = '7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]';
const VCLOCK = '7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]';
const VDSO = '7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]';
const OLD_VVAR = '7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]';
const CLEAN = { '0x7f1000006000': [kernelPage(0x2861), 0n] };

const made = (maps: readonly string[], more: Partial<Made> = {}): Made => ({
  ...MODERN,
  maps: maps.join('\n'),
  auxv: 0x7f1000006000n,
  pagemap: CLEAN,
  ...more,
});

const foretell = (what: Made, criu = '4.2'): Forecast => {
  const evidence = evidenceOf(what);
  return forecast(evidence, judge(evidence), criu);
};

const moved = (start: string): string => VDSO.replace('7f1000006000-7f1000008000', start);
const at = (start: string) => ({ [`0x${start}`]: [kernelPage(0x2861), 0n] });

type Row = readonly [
  title: string,
  what: Made,
  dump: Forecast['dump'],
  restore: Forecast['restore'],
  loss?: Forecast['loss'],
];

const BLOCK = [VVAR, VCLOCK, VDSO, STACK];
const ROWS: readonly Row[] = [
  ['a plain sh', made(BLOCK), 'ok', 'in-place', []],
  ['block moved', made(BLOCK, { auxv: 0x7f9000000000n }), 'ok', 'in-place', []],
  [
    'vdso alone, below its vvar: the order differs',
    made([moved('7f0000000000-7f0000002000'), VVAR, VCLOCK, STACK], { pagemap: at('7f0000000000') }),
    'ok',
    'proxy',
    [],
  ],
  [
    'vdso alone, above its vvar: same order, so put back torn; the restorer asks it for the time',
    made([VVAR, VCLOCK, moved('7f2000000000-7f2000002000'), STACK], { pagemap: at('7f2000000000') }),
    'ok',
    'crash',
  ],
  ['vclock unmapped: vvar size', made([VVAR, VDSO, STACK]), 'ok', 'proxy', []],
  [
    'vclock elsewhere: the last vvar entry counts',
    made([VVAR, VDSO, '7f2000000000-7f2000002000 r--p 00000000 00:00 0 [vvar_vclock]', STACK]),
    'ok',
    'proxy',
    [],
  ],
  [
    'anonymous memory between vvar and vclock: two entries, no error',
    made([
      '7f0ffff00000-7f0ffff04000 r--p 00000000 00:00 0 [vvar]',
      '7f0ffff04000-7f0ffff06000 rw-p 00000000 00:00 0',
      VCLOCK,
      VDSO,
      STACK,
    ]),
    'ok',
    'proxy',
    [],
  ],
  [
    'a hole between vvar and vclock',
    made(['7f0ffff00000-7f0ffff04000 r--p 00000000 00:00 0 [vvar]', VCLOCK, VDSO, STACK]),
    'fail',
    null,
  ],
  [
    'a file between them: not neighbours in the list',
    made([
      '7f0ffff00000-7f0ffff04000 r--p 00000000 00:00 0 [vvar]',
      '7f0ffff08000-7f0ffff09000 r--p 00000000 fe:00 7 /bin/true',
      VCLOCK,
      VDSO,
      STACK,
    ]),
    'ok',
    'proxy',
    [],
  ],
  ['vdso unmapped (valgrind)', made([VVAR, VCLOCK, STACK], { pagemap: {} }), 'ok', 'fail'],
  ['vdso not executable', made([VVAR, VCLOCK, VDSO.replace('r-xp', 'r--p'), STACK]), 'ok', 'fail'],
  ['vdso PROT_NONE', made([VVAR, VCLOCK, VDSO.replace('r-xp', '---p'), STACK]), 'ok', 'fail'],
  ['vvar and vclock unmapped', made([VDSO, STACK]), 'ok', 'crash'],
  ['vvar PROT_NONE', made([VVAR.replace('r--p', '---p'), VCLOCK, VDSO, STACK]), 'fail', null],
  ['all unmapped', made([STACK], { pagemap: {} }), 'ok', 'none', []],
  [
    'one page copied, r-x again',
    made(BLOCK, { pagemap: { '0x7f1000006000': [kernelPage(0x2861), copiedPage(7)] } }),
    'ok',
    'in-place',
    ['vdso-content'],
  ],
  [
    'copied and still rwx',
    made([VVAR, VCLOCK, VDSO.replace('r-xp', 'rwxp'), STACK], {
      pagemap: { '0x7f1000006000': [copiedPage(6), copiedPage(7)] },
    }),
    'ok',
    'in-place',
    ['vdso-content', 'permissions'],
  ],
  [
    'rwx and never written',
    made([VVAR, VCLOCK, VDSO.replace('r-xp', 'rwxp'), STACK]),
    'ok',
    'in-place',
    ['permissions'],
  ],
  ['uprobe hit earlier', made([...BLOCK, '7fffffffe000-7ffffffff000 --xp 00000000 00:00 0 [uprobes]']), 'fail', null],
];

for (const [title, what, dump, restore, loss] of ROWS)
  test(`CRIU 4.2: ${title}`, () => {
    const outcome = foretell(what);
    assert.equal(outcome.dump, dump);
    assert.equal(outcome.restore, restore);
    assert.deepEqual(outcome.loss, loss);
    assert.ok(outcome.findings.length > 0, 'each outcome has a finding');
    if (dump === 'fail') assert.deepEqual(codes(outcome), ['dump-fails']);
    for (const { text } of outcome.findings) assert.match(text, /\.$/);
  });

const marked = (version: 1 | 2 | 3, permissions = 'r-xp'): Made =>
  made([`7f0000000000-7f0000002000 ${permissions} 00000000 00:00 0`, ...BLOCK], {
    bytes: {
      '0x7f0000000000': markBytes(version, { proxy: 0x7f1000006000n, vvar: 0x7f1000000000n }),
      '0x7f1000006000': vdsoImage(),
    },
  });

test('forged marks: V1 and V2 kill the task, V3 loses the memory; where the memory can be written, V2 is V3', () => {
  for (const version of [1, 2] as const) {
    const outcome = foretell(marked(version));
    assert.equal(outcome.dump, 'fail-kills');
    assert.deepEqual(codes(outcome), ['dump-kills']);
    assert.equal(outcome.restore, null);
    assert.equal(outcome.findings[0]?.criuMessage, '77 was stopped by 11 unexpectedly');
  }
  const current = foretell(marked(3));
  assert.equal(current.dump, 'ok');
  assert.equal(current.restore, 'in-place');
  assert.deepEqual(current.loss, ['memory']);
  assert.equal(foretell(marked(2, 'rwxp')).dump, 'ok');
  const standing = foretell({ ...marked(3), pointers: [0x7f0000000100n] });
  assert.equal(standing.restore, 'crash', 'a thread that stands in the memory left out');
});

test('CRIU dies of a mark that names its own mapping as the vvar beside it', () => {
  const own = (mark: Partial<Record<'proxy' | 'vvar' | 'runtimeVvar', bigint>>): Forecast =>
    foretell(
      made(['7f0000000000-7f0000002000 r-xp 00000000 00:00 0', ...BLOCK], {
        bytes: { '0x7f0000000000': markBytes(3, mark) },
      }),
    );
  const dies = own({ runtimeVvar: 0x7f0000000000n });
  assert.deepEqual([dies.dump, dies.restore], ['fail', null]);
  assert.equal(dies.findings[0]?.criuMessage, 'vdso: Dropping marked vvar at 7f0000000000');
  assert.equal(own({ runtimeVvar: 0x7f0000000000n, proxy: 0x7f0000000000n }).dump, 'ok', 'it is no vvar to drop then');
});

test('what a restore drops of a written vDSO is told as memory that the dump left out', () => {
  const text = (pages: readonly bigint[]): string | undefined =>
    foretell(made(BLOCK, { pagemap: { '0x7f1000006000': pages } })).findings.find(
      ({ code }) => code === 'loses-content',
    )?.text;
  assert.equal(
    text([kernelPage(0x2861), copiedPage(7)]),
    'What was written to page 1 of the vDSO is gone after the restore.',
  );
  assert.match(text([copiedPage(6), copiedPage(7)]) ?? '', /to pages 0, 1 of the vDSO is gone/);
});

test('every CRIU knows a mark of version 1, and 3.4 none of version 3', () => {
  const old = (version: 1 | 3): Made => ({
    ...marked(version),
    maps: ['7f0000000000-7f0000002000 r-xp 00000000 00:00 0', OLD_VVAR, VDSO, STACK].join('\n'),
    release: '4.19.0',
  });
  assert.equal(foretell(old(1), '3.4').dump, 'fail-kills');
  assert.deepEqual([foretell(old(3), '3.4').dump, foretell(old(3), '3.4').loss], ['ok', []]);
  assert.deepEqual(foretell(old(3), '3.5').loss, ['memory']);
});

test('a mark names the real vvar as the runtime one: the dump leaves it out, and nothing lies where the vDSO reads', () => {
  const outcome = foretell(
    made(['7f0000000000-7f0000002000 r-xp 00000000 00:00 0', ...BLOCK], {
      bytes: { '0x7f0000000000': markBytes(3, { runtimeVvar: 0x7f1000000000n }) },
    }),
  );
  assert.equal(outcome.restore, 'crash');
});

test('two marks, or one with another version: the dump fails and the task lives', () => {
  const second = foretell(
    made(
      ['7f0000000000-7f0000002000 r-xp 00000000 00:00 0', '7f0000010000-7f0000012000 r-xp 00000000 00:00 0', ...BLOCK],
      {
        bytes: { '0x7f0000000000': markBytes(3), '0x7f0000010000': markBytes(3) },
      },
    ),
  );
  assert.equal(second.dump, 'fail');
  assert.match(second.findings[0]?.criuMessage ?? '', /Ow! Second vdso mark detected!/);
  const bytes = markBytes(3);
  bytes[16] = 9;
  const odd = foretell(
    made(['7f0000000000-7f0000002000 r-xp 00000000 00:00 0', ...BLOCK], { bytes: { '0x7f0000000000': bytes } }),
  );
  assert.equal(odd.dump, 'fail');
});

test('a proxied task dumped again: in place on the kernel its vDSO is from, by proxy again on another', () => {
  const same = foretell(proxied());
  assert.equal(same.dump, 'ok');
  assert.equal(same.restore, 'in-place');
  assert.deepEqual(same.loss, []);
  assert.equal(foretell(proxied({ release: '7.3.4' })).restore, 'proxy');
  assert.equal(foretell(proxied({ release: '6.18.0-1-amd64' })).restore, undefined, 'the patch level is hidden');
});

test('a proxied task whose proxy merged with its neighbour: dumped, never restored', () => {
  const merged = foretell(
    proxied({
      maps: `00030000-00034000 r--p 00000000 00:00 0 [vvar]
             00034000-00036000 r--p 00000000 00:00 0 [vvar_vclock]
             00036000-00038000 r-xp 00000000 00:00 0 [vdso]
             7efdb0a35000-7efdb0a3b000 r--p 00000000 00:00 0
             7efdb0a3b000-7efdb0a3f000 r-xp 00000000 00:00 0
             ${STACK}`,
      bytes: { '0x36000': markBytes(3, { proxy: 0x7efdb0a3d000n, vvar: 0x7efdb0a35000n, runtimeVvar: 0x30000n }) },
    }),
  );
  assert.equal(merged.dump, 'ok');
  assert.equal(merged.restore, 'fail');
});

test('a 32-bit proxied task stands inside the runtime vDSO that the dump leaves out: it dies', () => {
  const compat = foretell({
    ...proxied({
      maps: `00030000-00034000 r--p 00000000 00:00 0 [vvar]
             00034000-00036000 r--p 00000000 00:00 0 [vvar_vclock]
             00036000-00038000 r-xp 00000000 00:00 0 [vdso]
             f7f93000-f7f99000 r--p 00000000 00:00 0
             f7f99000-f7f9b000 r-xp 00000000 00:00 0`,
      auxv: 0xf7f99000n,
      wordSize: 4,
      pagemap: { '0x36000': [copiedPage(9), kernelPage(0x2864)], '0xf7f99000': [copiedPage(1), copiedPage(2)] },
      bytes: {
        '0x36000': markBytes(3, { proxy: 0xf7f99000n, vvar: 0xf7f93000n, runtimeVvar: 0x30000n }),
        '0xf7f99000': proxyImage(0x36000n, { bits: 32, machine: 3, soname: 'linux-gate.so.1' }),
      },
    }),
  });
  assert.equal(compat.dump, 'ok');
  assert.equal(compat.restore, 'crash');
});

const ia32 = (lines: readonly string[]): Made => ({
  ...MODERN,
  maps: lines.join('\n'),
  auxv: 0xf7fc1000n,
  wordSize: 4,
  pagemap: { '0xf7fc1000': [kernelPage(0x2863), 0n] },
});
const VVAR32 = 'f7fbb000-f7fbf000 r--p 00000000 00:00 0 [vvar]';
const VCLOCK32 = 'f7fbf000-f7fc1000 r--p 00000000 00:00 0 [vvar_vclock]';
const VDSO32 = 'f7fc1000-f7fc3000 r-xp 00000000 00:00 0 [vdso]';

test('32-bit tasks: in place; without vvar in place too, because the restorer does not ask their vDSO for the time', () => {
  assert.equal(foretell(ia32([VVAR32, VCLOCK32, VDSO32])).restore, 'in-place');
  const bare = foretell(ia32([VDSO32]));
  assert.equal(bare.restore, 'in-place');
  assert.match(bare.findings[0]?.text ?? '', /vvar is not where the vDSO reads it/);
  const older = { ...ia32(['f7fbd000-f7fc1000 r--p 00000000 00:00 0 [vvar]', VDSO32]), release: '6.1.0' };
  assert.equal(foretell(older, '3.4').dump, undefined);
  assert.equal(foretell(older, '3.17.1').restore, 'in-place');
});

test('a 64-bit task with the 32-bit image cannot be restored: its ELF class is wrong', () => {
  const outcome = foretell(
    made(BLOCK, {
      pagemap: { '0x7f1000006000': [kernelPage(0x2863), 0n] },
      bytes: { '0x7f1000006000': vdsoImage({ bits: 32, machine: 3, soname: 'linux-gate.so.1' }) },
    }),
  );
  assert.equal(outcome.restore, 'fail');
  assert.equal(outcome.findings[0]?.criuMessage, 'Unsupported ELF class: 1');
});

test('a vDSO whose ELF header was overwritten cannot be restored', () => {
  const bytes = vdsoImage();
  bytes.fill(0x90, 0, 16);
  const outcome = foretell(
    made(BLOCK, { pagemap: { '0x7f1000006000': [copiedPage(1), 0n] }, bytes: { '0x7f1000006000': bytes } }),
  );
  assert.equal(outcome.restore, 'fail');
  assert.equal(outcome.findings[0]?.criuMessage, 'Invalid ELF magic');
});

test('the line about an ELF header that CRIU refuses is another before 4.2', () => {
  const foreign = made([OLD_VVAR, VDSO, STACK], {
    release: '6.1.0',
    reference: { x86_64: [0x2861, 0x2862], i386: [0x2863, 0x2864] },
    pagemap: { '0x7f1000006000': [kernelPage(0x2863), 0n] },
  });
  assert.equal(foretell(foreign, '4.2').findings[0]?.criuMessage, 'Unsupported ELF class: 1');
  assert.equal(foretell(foreign, '4.1').findings[0]?.criuMessage, 'ELF header magic mismatch');
});

test('a 32-bit task does not wait in memory that only has a mark: it loses that and lives', () => {
  const forged = ia32(['f7000000-f7002000 r-xp 00000000 00:00 0', VVAR32, VCLOCK32, VDSO32]);
  const outcome = foretell({ ...forged, bytes: { '0xf7000000': markBytes(3) } });
  assert.deepEqual([outcome.restore, outcome.loss], ['in-place', ['memory']]);
});

test('CRIU before 4.1 cannot run on 6.13 and later, which is said first; nor on arm64 6.11', () => {
  for (const version of ['3.17.1', '4.0', 'v3.5']) {
    const outcome = foretell(made(BLOCK), version);
    assert.equal(outcome.dump, 'fail');
    assert.equal(outcome.restore, null);
    assert.deepEqual(codes(outcome), ['criu-cannot-run']);
    assert.equal(outcome.findings[0]?.criuMessage, 'Unexpected rt vDSO area bounds');
  }
  assert.equal(foretell(made(BLOCK), '4.1').dump, 'ok');
  const older = ['7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]', VDSO, STACK];
  assert.equal(foretell(made(older, { release: '6.1.0' }), '3.17.1').restore, 'in-place');
  const arm64 = made([VDSO], { machine: 'aarch64', release: '6.12.0', reference: { aarch64: [1, 2] } });
  assert.equal(foretell(arm64, '4.0').dump, 'fail');
});

test('there is no forecast for a CRIU that was not made for the machine yet', () => {
  const risc = made(['7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]', VDSO], {
    machine: 'riscv64',
    release: '6.1.0',
    reference: { riscv64: [0x2861, 0x2862] },
  });
  assert.equal(foretell(risc, '4.0').dump, undefined);
  assert.equal(foretell(risc, '4.1').dump, 'ok');
});

test('what is not known of CRIU on a machine is said of the machine, not of a process of its own', () => {
  const arm = made([VDSO], { machine: 'armv7l', release: '6.1.0', wordSize: 4 });
  assert.equal(foretell(arm, '4.2').findings[0]?.text, 'No forecast: no facts about CRIU on armv7l.');
});

test('uprobes: the line depends on the version', () => {
  const probed = made(
    [
      '7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]',
      VDSO,
      '7fffffffe000-7ffffffff000 --xp 00000000 00:00 0 [uprobes]',
    ],
    { release: '6.1.0' },
  );
  assert.match(foretell(probed, '4.2').findings[0]?.criuMessage ?? '', /^PID 77 has uprobes vma/);
  assert.match(foretell(probed, '4.1').findings[0]?.criuMessage ?? '', /^Unsupported mapping found 00007fffffffe000/);
});

test('before 3.13 the restorer asks no vDSO for the time, so a torn pair goes back as torn as it was', () => {
  const older = (maps: readonly string[]): Made => made(maps, { release: '6.1.0', pagemap: at('7f2000000000') });
  const torn = older([
    '7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]',
    moved('7f2000000000-7f2000002000'),
    STACK,
  ]);
  assert.equal(foretell(torn, '3.13').restore, 'crash');
  assert.equal(foretell(torn, '3.12').restore, 'in-place');
  assert.doesNotMatch(foretell(torn, '3.12').findings[0]?.text ?? '', /the pair is as this kernel has it/);
});

test('without vvar in the image CRIU before 3.13 moves the data pages of the kernel: refused where they cannot be cut', () => {
  const bare = (release: string): Made =>
    made([moved('7f2000000000-7f2000002000'), STACK], { release, pagemap: at('7f2000000000') });
  assert.equal(foretell(bare('6.1.0'), '3.13').restore, 'crash');
  for (const version of ['2.12', '3.4', '3.12']) {
    for (const release of ['5.10.0', '6.1.0']) {
      const refused = foretell(bare(release), version);
      assert.deepEqual([refused.restore, refused.findings[0]?.criuMessage], ['fail', 'Unable to remap'], release);
    }
    const cut = foretell(bare('5.4.0'), version);
    assert.deepEqual([cut.dump, cut.restore], ['ok', undefined]);
    assert.match(cut.findings[0]?.text ?? '', /where the kernel allows that/);
  }
  const compat = { ...ia32([VDSO32]), release: '6.1.0' };
  assert.deepEqual([foretell(compat, '3.12').restore, foretell(compat, '3.13').restore], ['fail', 'in-place']);
});

test('CRIU before 3.5 leaves its own vDSO in a task that had none, and says nothing of it', () => {
  const none = made([STACK], { release: '6.1.0', pagemap: {} });
  const told = (version: string) => foretell(none, version).findings[0]?.text ?? '';
  assert.deepEqual([foretell(none, '3.4').restore, foretell(none, '3.5').restore], ['none', 'none']);
  assert.match(told('3.4'), /stays at a low address/);
  assert.doesNotMatch(told('3.5'), /low address/);
});

test('CRIU before 3.13 does not print what differs between two vDSOs', () => {
  const below = made([moved('7f0000000000-7f0000002000'), OLD_VVAR, STACK], {
    release: '6.1.0',
    pagemap: at('7f0000000000'),
  });
  const line = (version: string) => foretell(below, version).findings[0]?.criuMessage;
  assert.equal(line('3.13'), '[vdso/vvar] pair has different order');
  assert.equal(line('3.12'), 'Runtime vdso mismatches dumpee, generate proxy');
});

test('a vDSO dumped as plain memory keeps its pages where CRIU does not ask by PAGEMAP_SCAN', () => {
  const plain = (release: string, second: bigint): Made =>
    made([VDSO.replace('r-xp', 'r--p'), STACK], {
      release,
      pagemap: { '0x7f1000006000': [kernelPage(0x2861), second] },
    });
  const loss = (release: string, criu: string, second = kernelPage(0x2862)) =>
    foretell(plain(release, second), criu).loss;
  const lost = foretell(plain('6.7.0', kernelPage(0x2862)), '4.0').findings.find(
    ({ code }) => code === 'loses-content',
  );
  assert.match(lost?.text ?? '', /dumped as plain memory/, 'nobody wrote to it');
  assert.deepEqual(loss('6.7.0', '4.0'), ['vdso-content'], 'the pages of the kernel count as those of a file');
  assert.deepEqual(loss('6.7.0', '3.19'), []);
  assert.deepEqual(loss('6.6.0', '4.2'), []);
  assert.deepEqual(loss('6.6.0', '4.2', 0n), ['vdso-content'], 'a page that is not there comes back as zeros');
});

test('of a vDSO dumped as plain memory whose pages nobody knows, the loss is not known', () => {
  const plain = (pagemap: Made['pagemap']) => made([VDSO.replace('r-xp', 'r--p'), STACK], { pagemap: pagemap ?? {} });
  assert.deepEqual(foretell(plain(CLEAN)).loss, ['vdso-content']);
  assert.equal(foretell(plain({})).loss, undefined);
  const copies = { '0x7f1000006000': [copiedPage(1), copiedPage(2)] };
  assert.deepEqual(foretell(plain(copies)).loss, [], 'a dump holds all copies');
});

test('a vvar that cannot be read stops the dump where the kernel marks it as a device, until 7.2', () => {
  const hidden = (release: string, flags?: string): Forecast['dump'] => {
    const line = VVAR.replace('r--p', '---p');
    return foretell(
      made([line, VCLOCK, VDSO, STACK], { release, ...(flags && { smaps: `${line}\nVmFlags: mr de dd ${flags}` }) }),
    ).dump;
  };
  assert.deepEqual([hidden('6.18.5'), hidden('7.2.0'), hidden('7.3.0')], ['fail', 'fail', 'ok']);
  // Its flags go before the release.
  assert.deepEqual([hidden('7.3.0', 'io'), hidden('7.3.0', 'pf'), hidden('6.18.5', 'wf')], ['fail', 'fail', 'ok']);
});

test('a mapping that a forged mark gave both statuses counts as vDSO alone', () => {
  const both = { name: 'both', vdso: true, vvar: true };
  const vvar = { name: 'vvar', vdso: false, vvar: true };
  const version = { major: 4, minor: 2, patch: 0 };
  assert.deepEqual(takenOf([both], version), { vdso: both, vvar: undefined });
  assert.deepEqual(takenOf([vvar, both], version), { vdso: both, vvar });
});

test('before 3.0 only the first of the pair and the mapping behind it were looked at', () => {
  const onAlone = (maps: readonly string[], start: string, release = '6.1.0'): Made =>
    made(maps, { release, pagemap: at(start) });
  const below = onAlone(
    [moved('7f0000000000-7f0000002000'), '7f0800000000-7f0800001000 rw-p 00000000 00:00 0', OLD_VVAR],
    '7f0000000000',
  );
  assert.equal(foretell(below, '3.0').restore, 'proxy');
  assert.equal(foretell(below, '2.12').restore, 'fail', 'the vvar behind the other memory is not seen');
  const file = '7f1800000000-7f1800001000 r--p 00000000 fe:00 7 /bin/true';
  const above = onAlone([OLD_VVAR, file, moved('7f2000000000-7f2000002000')], '7f2000000000');
  assert.equal(foretell(above, '3.0').restore, 'in-place');
  assert.equal(foretell(above, '2.12').restore, 'fail', 'the first is vvar, and a file lies behind it');
  assert.equal(foretell(onAlone([OLD_VVAR, VDSO], '7f1000006000'), '2.12').restore, 'in-place');
});

test('before 3.5 the dump left out the vvar of the proxy, and kept that of the runtime vDSO', () => {
  const again = proxied({
    release: '6.18.44-fc',
    maps: `00030000-00036000 r--p 00000000 00:00 0 [vvar]
           00036000-00038000 r-xp 00000000 00:00 0 [vdso]
           7efdb0a35000-7efdb0a3b000 r--p 00000000 00:00 0
           7efdb0a3b000-7efdb0a3d000 r-xp 00000000 00:00 0
           ${STACK}`,
    bytes: {
      '0x36000': markBytes(2, { proxy: 0x7efdb0a3b000n, vvar: 0x7efdb0a35000n }),
      '0x7efdb0a3b000': proxyImage(0x36000n),
    },
  });
  const evidence = evidenceOf(again);
  const space = survey(evidence, {});
  const left = (version: CriuVersion) => {
    const { entries } = collectEntries(space, version);
    const fixed = fixup(space, entries, version, undefined);
    return {
      dropped: fixed.dropped.map(({ start }) => start),
      vvar: fixed.entries.flatMap(({ vvar, start }) => (vvar ? [start] : [])),
    };
  };
  assert.deepEqual(left({ major: 3, minor: 4, patch: 0 }), { dropped: [0x36000n, 0x7efdb0a35000n], vvar: [0x30000n] });
});

test('before 3.5 the page frame check goes: a copied first page loses the vDSO, and the restore fails', () => {
  const copied = made(['7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]', VDSO, STACK], {
    release: '4.9.0',
    pagemap: { '0x7f1000006000': [copiedPage(1), kernelPage(0x2862)] },
  });
  assert.equal(foretell(copied, '3.4').restore, 'fail');
  assert.equal(foretell(copied, '3.5').restore, 'in-place');
});

test("an old kernel: the page frame check saves a moved vDSO, and drops a container's", () => {
  const lost = foretell({
    ...RHEL7,
    maps: '7f6334cf3000-7f6334cf5000 r-xp 00000000 00:00 0\n7ffc15bfd000-7ffc15bff000 rw-p 00000000 00:00 0 [vdso]',
    pagemap: {
      '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)],
      '0x7ffc15bfd000': [copiedPage(1), copiedPage(2)],
    },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(lost.dump, 'ok');
  assert.equal(lost.restore, 'in-place');
  const container = foretell({
    ...RHEL7,
    maps: '7ffddad93000-7ffddad95000 r-xp 00000000 00:00 0 [vdso]',
    pagemap: { '0x7ffddad93000': [kernelPage(0x4444), kernelPage(0x4445)] },
    auxv: 0x7ffddad93000n,
  });
  assert.equal(container.dump, 'ok');
  assert.equal(container.restore, undefined, 'nobody measured what such an image gives');
  assert.equal(container.findings[0]?.criuMessage, 'Drop mishinted vDSO status at 7ffddad93000');
  assert.doesNotMatch(container.findings[0]?.text ?? '', /3\.5/, 'no version does otherwise there');
});

test('a mark gives the status of vvar to other memory, on a kernel that has none to put there: the restore fails', () => {
  const outcome = foretell({
    ...RHEL7,
    maps: `7f0000000000-7f0000002000 r-xp 00000000 00:00 0
           7f1000000000-7f1000002000 rw-p 00000000 00:00 0
           7ffddad93000-7ffddad95000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: {
      '0x7f0000000000': [copiedPage(1), copiedPage(2)],
      '0x7f1000000000': [copiedPage(3), copiedPage(4)],
      '0x7ffddad93000': [kernelPage(0x1a05), kernelPage(0x1a06)],
    },
    bytes: { '0x7f0000000000': markBytes(3, { proxy: 0x7ffddad93000n, vvar: 0x7f1000000000n }) },
    auxv: 0x7ffddad93000n,
  });
  assert.equal(outcome.dump, 'ok');
  assert.equal(outcome.restore, 'fail');
  assert.equal(outcome.findings[0]?.criuMessage, 'Unable to remap');
});

test('half a vDSO, and nothing tells which: it is not known whether CRIU finds its header', () => {
  const half = (more: Partial<Made>): Made =>
    made([OLD_VVAR, VDSO.replace('7f1000008000', '7f1000007000'), STACK], {
      release: '5.10.0',
      reference: { x86_64: [0x2861, 0x2862] },
      ...more,
    });
  assert.equal(foretell(half({ pagemap: { '0x7f1000006000': [0n] } })).restore, undefined);
  assert.equal(foretell(half({ pagemap: { '0x7f1000006000': [kernelPage(0x2862)] } })).restore, 'fail');
  assert.equal(foretell(half({ pagemap: { '0x7f1000006000': [kernelPage(0x2861)] } })).restore, 'proxy');
});

test('what is left of a vvar that was cut is taken for the vvar of the kernel', () => {
  const cut = (vvar: string, release: string): Forecast =>
    foretell(made([`${vvar} r--p 00000000 00:00 0 [vvar]`, VDSO, STACK], { release }));
  assert.equal(cut('7f1000005000-7f1000006000', '4.4.0').restore, 'proxy');
  assert.equal(cut('7f1000004000-7f1000006000', '4.19.0').restore, 'proxy');
  assert.equal(cut('7f1000004000-7f1000006000', '4.4.0').restore, 'in-place');
  assert.equal(cut('7f1000003000-7f1000006000', '4.4.0').restore, 'in-place');
});

test('what the facts do not cover stays unknown, with the reason', () => {
  const vz6 = { ...VZ6, maps: STACK, auxv: 0x7ffc15bfd000n };
  for (const [what, version] of [
    [vz6, '4.2'],
    [made(BLOCK), 'latest'],
    [made(['7f1000002000-7f1000006000 r--p 00000000 00:00 0 [vvar]', VDSO], { release: '4.4.0' }), '1.8'],
    [made(BLOCK, { machine: 'sparc64' }), '4.2'],
    [{ ...ia32([VVAR32, VCLOCK32, VDSO32]), machine: 'aarch64' }, '4.2'],
  ] as const) {
    const outcome = foretell(what, version);
    assert.equal(outcome.dump, undefined);
    assert.equal(outcome.restore, undefined);
    assert.equal(outcome.loss, undefined);
    assert.match(outcome.findings[0]?.text ?? '', /^No forecast: /);
  }
  assert.equal(foretell({ ...MODERN, maps: '', kernelThread: true }).findings.length, 0);
});

test('pages nobody knows make the loss unknown, not nothing', () => {
  const outcome = foretell(made(BLOCK, { pagemap: {} }));
  assert.equal(outcome.restore, 'in-place');
  assert.equal(outcome.loss, undefined);
});

test('a CRIU that does not run gives up before it finds two processes in one memory', () => {
  const evidence = evidenceOf(made([VVAR, VCLOCK, VDSO]));
  const told = (criu: string): readonly string[] =>
    inMemoryOf(7, 8, forecast(evidence, judge(evidence), criu)).findings.map(({ code }) => code);
  assert.deepEqual(told('4.2'), ['dump-fails']);
  assert.deepEqual(told('3.19'), ['criu-cannot-run']);
});

test('a process that a debugger holds lives through the dump that fails; a CRIU that does not run comes first', () => {
  const free = evidenceOf(made([VVAR, VCLOCK, VDSO]));
  const evidence = { ...free, process: { ...free.process, tracer: 9 } };
  const told = (criu: string, of = evidence) => ifSeized(of, forecast(of, judge(of), criu));
  assert.equal(ifSeized(free, forecast(free, judge(free), '4.2')).dump, 'ok');
  const { dump, restore, findings } = told('4.2');
  assert.deepEqual([dump, restore, findings.map(({ code }) => code)], ['fail', null, ['dump-fails']]);
  assert.deepEqual(
    told('3.19').findings.map(({ code }) => code),
    ['criu-cannot-run'],
  );
});

test('a process whose main thread has ended is not dumped, and check said that it lives on; a zombie is dumped', () => {
  const whole = evidenceOf(made([VVAR, VCLOCK, VDSO]));
  const evidence = { ...whole, process: { ...whole.process, mainThreadEnded: true as const } };
  const told = ifSeized(evidence, forecast(evidence, judge(evidence), '4.2'));
  assert.deepEqual([told.dump, told.restore, told.findings.map(({ code }) => code)], ['fail', null, ['dump-fails']]);
  const zombie = { ...whole, vmas: [], process: { ...whole.process, state: 'Z', tracer: 9 } };
  const alone = forecast(zombie, judge(zombie), '4.2');
  assert.equal(ifSeized(zombie, alone), alone);
});
