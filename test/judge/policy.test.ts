import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCriuVersion } from '../../src/judge/criu/version.js';
import { FINDING_CODES } from '../../src/judge/finding-codes.js';
import { forecast } from '../../src/judge/forecast.js';
import { judge } from '../../src/judge/judge.js';
import { caseDirectories, onlyProcess } from '../corpus/runner.js';
import { copiedPage, judged, kernelPage, RHEL7 } from './build.js';
import { markBytes, vdsoImage } from './images.js';
import { NATIVE, native } from './processes.js';

const COPY = `${NATIVE}\n7f2000000000-7f2000002000 r-xp 00000000 00:00 0`;

test("the RFD's case: copied pages, even with the same content, make the frame check drop a genuine vDSO", () => {
  const { policies, mappings } = judged(
    native({ pagemap: { '0x7f1000006000': [copiedPage(1), copiedPage(2)] }, bytes: { '0x7f1000006000': vdsoImage() } }),
  );
  assert.equal(mappings[0]?.class, 'genuine');
  assert.deepEqual(policies.pfn.decision, []);
  assert.equal(policies.pfn.right, false);
  assert.deepEqual(policies.pfn.criuMessages, ['Drop mishinted vDSO status at 7f1000006000']);
  assert.equal(policies.hint.right, true);
  assert.equal(policies.symtable.right, true);
});

test('an unfaulted vDSO passes the frame check, because CRIU touches it first; a hidden frame has no answer', () => {
  assert.equal(judged(native({ pagemap: { '0x7f1000006000': [0n, 0n] } })).policies.pfn.right, true);
  assert.equal(judged(native({ pagemap: { '0x7f1000006000': [kernelPage(0), 0n] } })).policies.pfn.right, undefined);
  assert.equal(judged(native({ reference: {} })).policies.pfn.decision, undefined);
});

test('the frame check says nothing of code that nobody took for the vDSO', () => {
  const pagemap = { '0x7f1000006000': [kernelPage(0x2861), 0n], '0x7f2000000000': [copiedPage(1), copiedPage(2)] };
  const { pfn } = judged(native({ maps: COPY, pagemap })).policies;
  assert.deepEqual([pfn.decision, pfn.criuMessages], [[0x7f1000006000n], []]);
});

test('the symbol table check adopts any copy, and needs bytes to say so', () => {
  const copied = judged(
    native({ maps: COPY, bytes: { '0x7f1000006000': vdsoImage(), '0x7f2000000000': vdsoImage() } }),
  );
  assert.deepEqual(copied.policies.symtable.decision, [0x7f1000006000n, 0x7f2000000000n]);
  assert.equal(copied.policies.symtable.right, false);
  assert.deepEqual(copied.policies.symtable.criuMessages, ['Restore vDSO status by pfn/symtable at 7f2000000000']);
  const blind = judged(native({ maps: COPY, pagemap: { '0x7f1000006000': [kernelPage(0x2861), 0n] } }));
  assert.equal(blind.policies.symtable.decision, undefined);
  assert.match(blind.policies.symtable.why, /0x7f2000000000/);
});

test('on an old kernel the name is wrong both ways, and the frame check mends it', () => {
  const { policies } = judged({
    ...RHEL7,
    maps: '7f6334cf3000-7f6334cf5000 r-xp 00000000 00:00 0\n7ffc15bfd000-7ffc15bff000 r-xp 00000000 00:00 0 [vdso]',
    pagemap: {
      '0x7f6334cf3000': [kernelPage(0x1a05), kernelPage(0x1a06)],
      '0x7ffc15bfd000': [copiedPage(1), copiedPage(2)],
    },
    auxv: 0x7ffc15bfd000n,
  });
  assert.equal(policies.hint.right, false);
  assert.deepEqual(policies.hint.decision, [0x7ffc15bfd000n]);
  assert.equal(policies.pfn.right, true);
  assert.deepEqual(policies.pfn.criuMessages, [
    'Restore vDSO status by pfn/symtable at 7f6334cf3000',
    'Drop mishinted vDSO status at 7ffc15bfd000',
  ]);
});

test('the name alone needs read and execute', () => {
  for (const permissions of ['r--p', '--xp', 'rw-p', '---p']) {
    const { policies } = judged(native({ maps: NATIVE.replace('r-xp', permissions) }));
    assert.deepEqual(policies.hint.decision, [], permissions);
    assert.equal(policies.hint.right, false, permissions);
  }
  assert.equal(judged(native({ maps: NATIVE.replace('r-xp', 'rwxp') })).policies.hint.right, true);
});

test('files, stacks and the vsyscall page are never asked', () => {
  const { policies } = judged(
    native({
      maps: `${NATIVE}
             7f2000000000-7f2000002000 r-xp 00000000 fe:00 9 /lib/x.so
             7ffcee0ae000-7ffcee0cf000 rwxp 00000000 00:00 0 [stack]
             ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]`,
      pagemap: { '0x7f1000006000': [kernelPage(0x2861), kernelPage(0x2862)] },
    }),
  );
  assert.deepEqual(policies.symtable.decision, [0x7f1000006000n]);
});

test('a dump that stops before the check leaves all three undecided, and says why', () => {
  const { policies } = judged(native({ maps: `${NATIVE}\n7fffffffe000-7ffffffff000 --xp 00000000 00:00 0 [uprobes]` }));
  for (const policy of Object.values(policies)) {
    assert.equal(policy.decision, undefined);
    assert.match(policy.why, /CRIU stops/);
  }
});

test('CRIU versions are numbers, with whatever comes after', () => {
  for (const [text, expected] of [
    ['4.2', [4, 2, 0]],
    ['v4.1.1', [4, 1, 1]],
    ['3.17.1-dirty', [3, 17, 1]],
    ['4.2-22-g2cf8f13ca', [4, 2, 0]],
    [' 4.0\n', [4, 0, 0]],
  ] as const) {
    const version = parseCriuVersion(text);
    assert.deepEqual([version?.major, version?.minor, version?.patch], expected, text);
  }
  for (const text of ['', '4', 'latest', '4.', '99999.1', '4.2345678'])
    assert.equal(parseCriuVersion(text), undefined, text);
});

test('every finding code is in the list, with a meaning and something to do', async () => {
  const seen = new Set<string>();
  for (const directory of caseDirectories()) {
    const evidence = await onlyProcess(`${directory}/bundle`);
    const verdict = judge(evidence);
    const outcomes = ['4.2', '4.0', '3.4', '1.0'].map((version) => forecast(evidence, verdict, version));
    for (const { code } of [...verdict.findings, ...outcomes.flatMap(({ findings }) => findings)]) seen.add(code);
  }
  seen.add(judged(native({ maps: COPY, bytes: { '0x7f2000000000': markBytes(3) } })).findings[0]?.code ?? '');
  const known = new Set(Object.keys(FINDING_CODES));
  for (const code of seen) assert.ok(known.has(code), code);
  assert.ok(seen.size > 20, `only ${seen.size} codes seen`);
  for (const [code, { meaning, todo }] of Object.entries(FINDING_CODES)) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.match(meaning, /\.$/);
    assert.match(todo, /\.$/);
  }
});
