import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPostMortem } from '../../src/criu/post-mortem.js';
import { parseTarget, readTargetFile } from '../../src/criu/target-file.js';
import { readElfImage } from '../../src/elf/image.js';
import type { Target, VdsoImage } from '../../src/model/doctor-schema.js';
import type { Judged } from '../../src/model/judged.js';
import { testFolder } from '../folder.js';
import { VDSO_STATUS, VVAR_STATUS, writeImages } from './image-directory.js';

const corpus = 'test/corpus/cases';

/** A host whose vDSO is the one a process of the corpus has. */
const hostLike = (bytesPath: string, abi: string, dataSize: number, changes: Partial<VdsoImage> = {}): Target => {
  const bytes = readFileSync(join(corpus, bytesPath));
  const elf = readElfImage(bytes);
  const image: VdsoImage = {
    size: bytes.length,
    data: [
      { name: '[vvar]', size: 0x4000 },
      { name: '[vvar_vclock]', size: 0x2000 },
    ],
    dataSize,
    vdsoBeforeData: false,
    symbols: Object.fromEntries(elf?.symbols ?? []),
    buildId: elf?.buildId ?? null,
    linuxVersion: elf?.linuxVersion ?? null,
    ...changes,
  };
  return { release: '6.18.44', machine: 'x86_64', pageSize: 4096, hintTest: 'kept', images: { [abi]: image } };
};

const like = (changes: Partial<VdsoImage> = {}): Target =>
  hostLike('plain-shell-loop/bundle/22379/mem/7fa9e8d42000.bin', 'x86_64', 0x6000, changes);

const judgedOn = async (name: string, target: Target, criu = '4.2'): Promise<Judged> => {
  const outcome = await readPostMortem(join(corpus, name, 'img'), { target, criu });
  assert.ok(outcome.ok);
  const [judged] = outcome.value.judged;
  assert.ok(judged?.forecast !== undefined);
  return judged;
};

const codesOf = ({ forecast }: Judged): readonly string[] => (forecast?.findings ?? []).map(({ code }) => code);

test('on a host with the same vDSO: in place; where vvar is smaller or a function lies elsewhere: a proxy', async () => {
  const same = await judgedOn('plain-shell-loop', like());
  assert.equal(same.forecast?.restore, 'in-place');
  assert.deepEqual(codesOf(same), ['restore-in-place']);
  assert.equal((await judgedOn('plain-shell-loop', like({ dataSize: 0x4000 }))).forecast?.restore, 'proxy');
  const { images } = like();
  const symbols = { ...images['x86_64']?.symbols, __vdso_time: 0x10 };
  const moved = await judgedOn('plain-shell-loop', like({ symbols }));
  assert.equal(moved.forecast?.restore, 'proxy');
  assert.ok(codesOf(moved).includes('target-symbols-differ') && codesOf(moved).includes('proxy-leaves-functions'));
  assert.match(
    moved.forecast?.findings.map(({ evidence }) => evidence.join()).join() ?? '',
    /__vdso_time: 0xac0 here, 0x10 there/,
  );
});

test('a function that the vDSO there does not have: a proxy of it jumps to nowhere', async () => {
  const { __vdso_time: _, ...symbols } = like().images['x86_64']?.symbols ?? {};
  const lacking = await judgedOn('plain-shell-loop', like({ symbols }));
  assert.equal(lacking.forecast?.restore, 'proxy');
  const told = lacking.forecast?.findings.find(({ code }) => code === 'target-symbols-differ');
  assert.match(told?.text ?? '', /has no __vdso_time: CRIU writes a jump to nowhere over it\./);
});

test('a real migration, 5.10 to 6.12: foretold as restore.log shows it', async () => {
  const target = like({ dataSize: 0x4000 });
  const judged = await judgedOn('migrated-5.10-to-6.12', target);
  assert.equal(judged.forecast?.restore, 'proxy');
  assert.ok(
    judged.verdict.findings.some(({ code }) => code === 'restored-by-proxy'),
    'and so it was',
  );
});

test('a host without a vDSO, of another machine, or whose kernel that CRIU does not know', async () => {
  const none = await judgedOn('plain-shell-loop', { ...like(), images: {} });
  assert.equal(none.forecast?.restore, 'fail');
  const other = await judgedOn('plain-shell-loop', { ...like(), machine: 'aarch64' });
  assert.deepEqual(codesOf(other), ['target-other-machine'], 'and nothing of what a restore would do there');
  const old = await judgedOn('plain-shell-loop', like(), '3.17.1');
  assert.deepEqual(codesOf(old), ['target-criu-cannot-run']);
});

test('arm64 since 6.11: no CRIU before 4.1 starts there, for the vDSO has a GNU hash table only', async (context) => {
  const root = testFolder(context);
  const start = 0xffff80000000n;
  const plain = { pgoff: 0n, shmid: 0n, flags: 0x22, fd: -1n };
  writeImages(root, {
    pid: 7,
    machine: 'aarch64',
    vmas: [
      { ...plain, start: start - 0x2000n, end: start, prot: 1, status: VVAR_STATUS },
      { ...plain, start, end: start + 0x1000n, prot: 5, status: VDSO_STATUS },
    ],
  });
  const image = { size: 0x1000, data: [{ name: '[vvar]', size: 0x2000 }], dataSize: 0x2000, vdsoBeforeData: false };
  const unnamed = { ...image, symbols: {}, buildId: null, linuxVersion: null };
  const findingOn = async (release: string, criu: string) => {
    const target: Target = {
      release,
      machine: 'aarch64',
      pageSize: 4096,
      hintTest: 'kept',
      images: { aarch64: unnamed },
    };
    const outcome = await readPostMortem(root, { target, criu });
    const forecast = outcome.ok ? outcome.value.judged[0]?.forecast : undefined;
    assert.ok(forecast !== undefined);
    const stops = forecast.findings.find(({ code }) => code === 'target-criu-cannot-run');
    assert.equal(forecast.restore === 'fail', stops !== undefined);
    return stops;
  };
  const stops = await findingOn('6.11.0', '4.0');
  assert.match(stops?.text ?? '', /CRIU 4\.0 cannot read a vDSO that has a GNU hash table only; use 4\.1 or later/);
  assert.equal(stops?.criuMessage, 'Not all dynamic entries are present');
  assert.equal(await findingOn('6.11.0', '4.1'), undefined);
  assert.equal(await findingOn('6.10.0', '4.0'), undefined);
});

test('a thread inside the vDSO and another build there: CRIU does not compare code', async () => {
  const path = 'ia32-clock-loop/bundle/4266/mem/f7fc1000.bin';
  const same = await judgedOn('ia32-clock-loop', hostLike(path, 'i386', 0x6000));
  assert.equal(same.forecast?.restore, 'in-place');
  assert.ok(!codesOf(same).includes('target-code-differs'));
  const rebuilt = await judgedOn('ia32-clock-loop', hostLike(path, 'i386', 0x6000, { buildId: '00' }));
  assert.equal(rebuilt.forecast?.restore, 'in-place');
  assert.ok(codesOf(rebuilt).includes('target-code-differs'));
});

test('the file of a target: the whole document of doctor or its target; anything else is one sentence', async (context) => {
  const target = like();
  const whole = { schema: 'vdsowatch/doctor/1', liveTracing: true, checks: [], target };
  for (const json of [whole, target]) assert.deepEqual(parseTarget(JSON.stringify(json)), { ok: true, value: target });
  const root = testFolder(context);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['not json', /is not JSON/],
    ['{}', /does not describe a host/],
    ['{"schema":"vdsowatch/doctor/9"}', /newer vdsowatch/],
  ];
  for (const [text, sentence] of cases) {
    const path = join(root, 'host.json');
    writeFileSync(path, text);
    const outcome = await readTargetFile(path);
    assert.ok(!outcome.ok && sentence.test(outcome.failure.text), text);
  }
  const absent = await readTargetFile(join(root, 'absent.json'));
  assert.ok(!absent.ok && /ENOENT/.test(absent.failure.text));
});
