import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  classes,
  codes,
  copiedPage,
  judged,
  kernelPage,
  type Made,
  MODERN,
  RHEL7,
  SPECIAL_FLAGS,
  vdsoIn,
} from './build.js';
import { markBytes, proxyImage, vdsoImage } from './images.js';
import { PROXIED, proxied } from './processes.js';

// Trap 9, and what else CRIU leaves behind.

const EXPECTED = { '0x36000': 'criu-runtime', '0x7efdb0a3b000': 'criu-proxy' };

test('trap 9: a proxied process: [vdso] is the runtime with a mark, the nameless ELF at the auxv address the proxy', () => {
  const verdict = judged(proxied());
  assert.deepEqual(classes(verdict), EXPECTED);
  assert.equal(verdict.hint, 'ok');
  assert.equal(verdict.vdso?.start, 0x36000n);
  assert.deepEqual(verdict.vdso?.modifiedPages, [0]);
  assert.equal(vdsoIn(verdict).moved, undefined);
  assert.equal(verdict.vdso?.image, 'x86_64');
  assert.deepEqual(codes(verdict), ['criu-proxied']);
  assert.equal(verdict.confidence, 'proven');
  for (const policy of Object.values(verdict.policies)) assert.equal(policy.right, true, policy.why);
});

test('trap 9: likely the same without the bytes: low address, own vvar, first page written, auxv elsewhere', () => {
  const verdict = judged(proxied({ bytes: {} }));
  assert.deepEqual(classes(verdict), EXPECTED);
  assert.ok(verdict.mappings.every(({ confidence }) => confidence === 'likely'));
});

test('trap 9: likely the same where only smaps tells that one page was written', () => {
  const smaps = (kilobytes: number): string =>
    `00036000-00038000 r-xp 00000000 00:00 0 [vdso]\nAnonymous: ${kilobytes} kB\nSwap: 0 kB\n${SPECIAL_FLAGS}`;
  const verdict = judged(proxied({ bytes: {}, pagemap: {}, smaps: smaps(4) }));
  assert.deepEqual(classes(verdict), EXPECTED);
  assert.ok(verdict.mappings.every(({ confidence }) => confidence === 'likely'));
  assert.equal(vdsoIn(verdict).modifiedPages, undefined, 'which page is not known');
  for (const other of [0, 8])
    assert.equal(classes(judged(proxied({ bytes: {}, pagemap: {}, smaps: smaps(other) })))['0x36000'], 'genuine');
});

test('a vDSO that was moved low and written, with other code or a library at its old address, is taken for a runtime', () => {
  const code = { '0x7efdb0a3b000': new Uint8Array(64).fill(0xcc) };
  assert.deepEqual(classes(judged(proxied({ bytes: code }))), { '0x36000': 'genuine', '0x7efdb0a3b000': 'decoy' });
  const grown = PROXIED.replace('7efdb0a3b000-7efdb0a3d000', '7efdb0a3b000-7efdb0b3c000');
  const large = judged(proxied({ maps: grown, bytes: {} }));
  assert.equal(classes(large)['0x36000'], 'genuine');
});

test('a function that somebody hooked with a jump of another form makes no proxy', () => {
  const hooked = proxyImage(0x36000n, { symbols: { __vdso_time: 0x810 } });
  assert.deepEqual(classes(judged(proxied({ bytes: { '0x7efdb0a3b000': hooked } })))['0x7efdb0a3b000'], 'criu-proxy');
  // movabs and jmp, and behind them the old code goes on: no int3.
  hooked.fill(0x90, 0x810 + 12, 0x810 + 16);
  assert.equal(
    classes(judged(proxied({ bytes: { '0x36000': vdsoImage(), '0x7efdb0a3b000': hooked } })))['0x7efdb0a3b000'],
    'decoy',
  );
});

test('a runtime vDSO whose first bytes were read and are no mark is called one all the same', () => {
  const smaps = `00036000-00038000 r-xp 00000000 00:00 0 [vdso]\nAnonymous: 4 kB\nSwap: 0 kB\n${SPECIAL_FLAGS}`;
  const header = { '0x36000': vdsoImage().subarray(0, 64) };
  const verdict = judged(proxied({ bytes: header, pagemap: {}, smaps }));
  assert.deepEqual(classes(verdict), { '0x36000': 'genuine', '0x7efdb0a3b000': 'decoy' });
});

test('memory that was put over the dumped copy is called the proxy because the mark still names its place', () => {
  const runtime = markBytes(3, { proxy: 0x7efdb0a3b000n, vvar: 0x7efdb0a35000n, runtimeVvar: 0x30000n });
  for (const other of [
    new Uint8Array(64).fill(0xcc),
    markBytes(3, { proxy: 0x1000n, vvar: 0x1000n, runtimeVvar: 0n }),
  ]) {
    const verdict = judged(proxied({ bytes: { '0x36000': runtime, '0x7efdb0a3b000': other } }));
    assert.deepEqual(classes(verdict), { '0x36000': 'criu-runtime', '0x7efdb0a3b000': 'decoy' });
  }
});

test('restored in place on a kernel that names by address, and no page was read: the vDSO is denied', () => {
  const restored = (more: Partial<Made>): Made => ({
    ...RHEL7,
    maps: `7fff837f1000-7fff837f3000 r-xp 00000000 00:00 0
           7fff83800000-7fff83821000 rw-p 00000000 00:00 0 [stack]`,
    auxv: 0x7fff837f1000n,
    bytes: { '0x7fff837f1000': vdsoImage() },
    ...more,
  });
  const verdict = judged(restored({}));
  assert.deepEqual(classes(verdict), { '0x7fff837f1000': 'genuine' });
  assert.deepEqual([verdict.hint, verdict.vdso?.moved, verdict.confidence], ['lost', false, 'likely']);
  // A copy of it there would have been written.
  const copy = judged(restored({ pagemap: { '0x7fff837f1000': [copiedPage(0x999), copiedPage(0x99a)] } }));
  assert.deepEqual([classes(copy), copy.vdso], [{}, undefined]);
  // Where the name is the mapping's own, it is another's.
  const modern = judged(restored({ ...MODERN, release: '6.1.0', hintTest: 'unknown' }));
  assert.equal(modern.mappings[0]?.class ?? 'decoy', 'decoy');
});

test('a vDSO that was moved low and written is no runtime: its vvar is not with it', () => {
  const verdict = judged(
    proxied({
      bytes: {},
      maps: PROXIED.replace('00034000-00036000 r--p 00000000 00:00 0 [vvar_vclock]', ''),
    }),
  );
  assert.equal(classes(verdict)['0x36000'], 'genuine');
});

test('a forged mark is a decoy, and names nothing', () => {
  for (const version of [1, 2, 3] as const) {
    const verdict = judged({
      ...MODERN,
      maps: `7f0000000000-7f0000002000 r-xp 00000000 00:00 0
             7f1000000000-7f1000004000 r--p 00000000 00:00 0 [vvar]
             7f1000004000-7f1000006000 r--p 00000000 00:00 0 [vvar_vclock]
             7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]`,
      bytes: { '0x7f0000000000': markBytes(version, { proxy: 0x7f1000006000n }), '0x7f1000006000': vdsoImage() },
      auxv: 0x7f1000006000n,
    });
    assert.deepEqual(classes(verdict), { '0x7f0000000000': 'decoy', '0x7f1000006000': 'genuine' });
    assert.ok(codes(verdict).includes('mark-forged'));
    assert.equal(verdict.policies.hint.decision === undefined, version < 3, 'the dump ends at an old mark');
  }
});

test('a proxy that grew together with its neighbour is found by the mark, and is an error', () => {
  const verdict = judged(
    proxied({
      maps: PROXIED.replace('7efdb0a3b000-7efdb0a3d000', '7efdb0a3b000-7efdb0a40000').replace(
        '7efdb0a35000-7efdb0a3b000 r--p 00000000 00:00 0\n',
        '',
      ),
      bytes: { '0x36000': markBytes(3, { proxy: 0x7efdb0a3d000n }) },
    }),
  );
  assert.equal(classes(verdict)['0x7efdb0a3b000'], 'criu-proxy');
  assert.ok(codes(verdict).includes('proxy-merged'));
  assert.equal(verdict.policies.hint.right, false);
});

test('an old kernel: the marked mapping with a kernel page is the runtime, name or not', () => {
  const verdict = judged({
    ...RHEL7,
    maps: `00036000-00038000 r-xp 00000000 00:00 0
           7ffcee1a3000-7ffcee1a5000 r-xp 00000000 00:00 0 [vdso]`,
    pagemap: {
      '0x36000': [copiedPage(0x999), kernelPage(0x1a06)],
      '0x7ffcee1a3000': [copiedPage(0x9a0), copiedPage(0x9a1)],
    },
    bytes: { '0x36000': markBytes(3, { proxy: 0x7ffcee1a3000n }), '0x7ffcee1a3000': proxyImage(0x36000n) },
    auxv: 0x7ffcee1a3000n,
  });
  assert.deepEqual(classes(verdict), { '0x36000': 'criu-runtime', '0x7ffcee1a3000': 'criu-proxy' });
  assert.equal(verdict.hint, 'lost+gained');
});

test('a CRIU image: what it says is a claim; a dropped vDSO is found by its bytes, a proxy by its jumps', () => {
  const image = (maps: string, bytes: Made['bytes']) =>
    judged({
      source: 'criu-image',
      namesBy: 'criu',
      release: '6.18.5',
      hintTest: 'unknown',
      maps,
      bytes: bytes ?? {},
      auxv: 0x7f1000006000n,
    });
  const plain = `7f1000000000-7f1000006000 r--p 00000000 00:00 0 [vvar]
                 7f1000006000-7f1000008000 r-xp 00000000 00:00 0`;
  const dropped = image(plain, { '0x7f1000006000': vdsoImage() });
  assert.deepEqual(classes(dropped), { '0x7f1000006000': 'genuine' });
  assert.equal(dropped.confidence, 'likely');
  assert.equal(vdsoIn(dropped).modifiedPages, undefined);
  const claimed = image(`${plain} [vdso]`, { '0x7f1000006000': vdsoImage() });
  assert.equal(claimed.hint, 'ok');
  const jumps = image(`${plain} [vdso]`, { '0x7f1000006000': proxyImage(0x36000n) });
  assert.deepEqual(classes(jumps), { '0x7f1000006000': 'criu-proxy' });
  assert.equal(jumps.vdso, undefined);
});

test('a proxy of s390x or loongarch is named by the jumps that CRIU wrote there', () => {
  // vdso_redirect_calls, criu/arch/{s390,loongarch64}/vdso-pie.c of 4.2: the address lies behind the instructions.
  const jumps = [
    ['s390x', 22, false, 'c01000000007 e31010000004 07f1', 'cccccccc'],
    ['loongarch64', 258, true, '95000018 b5020026 a002004c 00002a00', ''],
  ] as const;
  for (const [machine, elfMachine, littleEndian, code, guards] of jumps) {
    const bytes = vdsoImage({ machine: elfMachine, littleEndian, symbols: { __vdso_gettimeofday: 0x810 } });
    const address = Buffer.alloc(8);
    if (littleEndian) address.writeBigUInt64LE(0x36810n);
    else address.writeBigUInt64BE(0x36810n);
    bytes.set(
      Buffer.concat([Buffer.from(code.replaceAll(' ', ''), 'hex'), address, Buffer.from(guards, 'hex')]),
      0x810,
    );
    const verdict = judged({
      machine,
      release: '6.12.0',
      maps: `00036000-00038000 r-xp 00000000 00:00 0 [vdso]
             7f1000006000-7f1000008000 r-xp 00000000 00:00 0`,
      bytes: { '0x7f1000006000': bytes },
      auxv: 0x7f1000006000n,
    });
    assert.deepEqual(classes(verdict)['0x7f1000006000'], 'criu-proxy', machine);
  }
});

test('a vDSO that was made data is found in a CRIU image by its bytes: no page words say that it is a copy', () => {
  const made = {
    release: '6.18.5',
    maps: `7f1000000000-7f1000006000 r--p 00000000 00:00 0 [vvar]
           7f1000006000-7f1000008000 rw-p 00000000 00:00 0`,
    bytes: { '0x7f1000006000': vdsoImage() },
    auxv: 0x7f1000006000n,
  };
  const verdict = judged({ ...made, source: 'criu-image', namesBy: 'criu', hintTest: 'unknown' });
  assert.deepEqual(classes(verdict), { '0x7f1000006000': 'genuine' });
  assert.equal(verdict.confidence, 'likely');
});

test('a core file: no names, so no hint; the bytes and auxv make a likely vDSO', () => {
  const verdict = judged({
    source: 'core',
    maps: `7f1000006000-7f1000008000 r-xp 00000000 00:00 0
           7ffcee0ae000-7ffcee0cf000 rw-p 00000000 00:00 0`,
    bytes: { '0x7f1000006000': vdsoImage() },
    auxv: 0x7f1000006000n,
  });
  assert.equal(verdict.vdso?.start, 0x7f1000006000n);
  assert.equal(verdict.hint, undefined);
  assert.equal(verdict.confidence, 'likely');
  const without = judged({
    source: 'core',
    maps: '7ffcee0ae000-7ffcee0cf000 rw-p 00000000 00:00 0',
    auxv: 0x7f1000006000n,
  });
  assert.equal(without.vdso, undefined, 'a core leaves mappings out');
});
