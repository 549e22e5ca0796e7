import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { readOwnVdso } from '../../src/census/host-images.js';
import { readCore } from '../../src/core/read.js';
import { judge } from '../../src/judge/judge.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { coreFile } from './build.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdsowatch-core-'));
});
after(() => rmSync(folder, { recursive: true }));

const written = (content: Uint8Array): string => {
  const path = join(folder, 'core');
  writeFileSync(path, content);
  return path;
};

const CRASH = {
  pid: 4711,
  comm: 'a\nb',
  ip: 0x7f0000001500n,
  signal: 11,
  address: 0x7f0000001500n,
  auxv: [
    [33n, 0x7f0000001000n],
    [6n, 4096n],
  ] as const,
  segments: [
    { start: 0x400000n, flags: 5, content: new Uint8Array(4096).fill(0x90), path: '/bin/x' },
    { start: 0x7ffd00000000n, flags: 6, content: new Uint8Array(4096), path: '' },
  ],
};

test('a core says who crashed, where, and what was mapped', async () => {
  const result = await readCore(written(coreFile(CRASH)));
  assert.ok(result.ok);
  const { evidence, signal } = result.value;
  assert.equal(evidence.process.pid, 4711);
  assert.equal(evidence.process.comm, 'a\nb');
  assert.deepEqual(evidence.process.instructionPointers, [0x7f0000001500n]);
  assert.deepEqual(signal, { number: 11, address: 0x7f0000001500n });
  assert.equal(evidence.auxv?.entries.get(33), 0x7f0000001000n);
  assert.deepEqual(
    evidence.vmas?.map(({ start, end, execute, name }) => ({ start, end, execute, name })),
    [
      { start: 0x400000n, end: 0x401000n, execute: true, name: '/bin/x' },
      { start: 0x7ffd00000000n, end: 0x7ffd00001000n, execute: false, name: '' },
    ],
  );
  assert.equal(evidence.bytes.get(0x400000n)?.length, 4096);
});

test('a core has no names of mappings: nothing is said of the name of its vDSO, nor of a check by it', async () => {
  const vdso = readOwnVdso();
  assert.ok(vdso !== undefined);
  const place = 0x700000006000n;
  const segments = [...CRASH.segments.slice(0, 1), { start: place, flags: 5, content: vdso, path: '' }];
  const result = await readCore(written(coreFile({ ...CRASH, segments })));
  assert.ok(result.ok);
  const verdict = judge(result.value.evidence);
  assert.equal(verdict.vdso?.start, place);
  assert.deepEqual(
    verdict.findings.map(({ code }) => code),
    ['vdso-moved'],
  );
  assert.deepEqual([verdict.hint, verdict.policies.hint.decision], [undefined, undefined]);
});

test('a file that is no core is refused in one sentence', async () => {
  const result = await readCore(written(Buffer.from('\u007fELF nothing more')));
  assert.equal(result.ok, false);
  const missing = await readCore(join(folder, 'missing'));
  assert.equal(missing.ok, false);
});

test('a core cut or damaged anywhere is read as far as it goes', async () => {
  const whole = coreFile(CRASH);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), async (length, at, byte) => {
      const damaged = Uint8Array.from(whole.subarray(0, length));
      if (at < damaged.length) damaged[at] = byte;
      const result = await readCore(written(damaged));
      if (result.ok) assert.ok((result.value.evidence.vmas?.length ?? 0) <= 65_536);
    }),
    { numRuns: fuzzRuns(300) },
  );
});
