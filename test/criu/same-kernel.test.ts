import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readPostMortem } from '../../src/criu/post-mortem.js';
import type { Judged } from '../../src/model/judged.js';
import type { Forecast } from '../../src/model/verdict.js';
import { testFolder } from '../folder.js';
import { vdsoImage } from '../judge/images.js';
import { PLAIN_STATUS, VDSO_STATUS, VVAR_STATUS, writeImages } from './image-directory.js';

// An image that is restored on the kernel it is from, of which the note of its vDSO alone tells.

const START = 0x7f1000000000n;
const PLAIN = { pgoff: 0n, shmid: 0n, flags: 0x22, fd: -1n };

interface Built {
  /** LINUX_VERSION_CODE. */
  readonly linuxVersion: number;
  /** From the start of the vDSO, bytes. */
  readonly vvar: readonly [number, number];
  /** Where the one thread stopped. */
  readonly ip?: bigint;
  readonly auxv?: readonly bigint[];
  readonly prot?: number;
  /** Another vvar mapping. */
  readonly more?: readonly [bigint, bigint];
}

const judgedOf = async (context: TestContext, built: Built): Promise<Judged | undefined> => {
  const path = join(testFolder(context), 'img');
  const [from, to] = built.vvar.map((offset) => START + BigInt(offset)) as [bigint, bigint];
  const vmas = [
    { ...PLAIN, start: START, end: START + 0x2000n, prot: built.prot ?? 5, status: VDSO_STATUS },
    { ...PLAIN, start: from, end: to, prot: 1, status: VVAR_STATUS },
    ...(built.more === undefined
      ? []
      : [{ ...PLAIN, start: built.more[0], end: built.more[1], prot: 1, status: VVAR_STATUS }]),
    { ...PLAIN, start: 0x400000n, end: 0x402000n, prot: 5, status: PLAIN_STATUS },
  ].sort((one, other) => (one.start < other.start ? -1 : 1));
  writeImages(path, {
    pid: 7,
    vmas,
    auxv: built.auxv ?? [33n, START, 6n, 4096n, 0n, 0n],
    pagemap: [{ vaddr: START, nrPages: 2n, flags: 4 }],
    pages: vdsoImage({ linuxVersion: built.linuxVersion }),
    ...(built.ip === undefined ? {} : { ip: built.ip }),
  });
  const outcome = await readPostMortem(path, { criu: '3.13' });
  assert.ok(outcome.ok);
  return outcome.value.judged[0];
};

/** What a restore of such a process gives there. */
const restoredAs = async (context: TestContext, built: Built): Promise<Forecast | undefined> =>
  (await judgedOf(context, built))?.forecast;

test('Linux 3.16 puts vvar behind the vDSO: an ordinary process of it is foretold a proxy', async (context) => {
  const behind = { vvar: [0x2000, 0x4000] } as const;
  assert.equal((await restoredAs(context, { ...behind, linuxVersion: 0x03_10_07 }))?.restore, 'in-place');
  assert.equal((await restoredAs(context, { ...behind, linuxVersion: 0x04_09_00 }))?.restore, 'proxy');
});

test('a vvar that was cut before Linux 5.11 is taken for the whole of it: the restore makes a proxy', async (context) => {
  const restored = async (from: number, linuxVersion: number) =>
    (await restoredAs(context, { vvar: [from, 0], linuxVersion }))?.restore;
  assert.equal(await restored(-0x1000, 0x04_04_00), 'proxy');
  assert.equal(await restored(-0x2000, 0x04_04_00), 'in-place');
  assert.equal(await restored(-0x2000, 0x04_0c_00), 'proxy');
  assert.equal(await restored(-0x3000, 0x05_06_00), 'proxy');
  assert.equal(await restored(-0x4000, 0x05_06_00), 'in-place');
});

test('a vDSO that is r-x in the image is said to be writable, or one that is rwx not', async (context) => {
  const built = { vvar: [-0x4000, 0], linuxVersion: 0x05_06_00 } as const;
  const told = async (prot: number) => {
    const judged = await judgedOf(context, { ...built, prot });
    const isSaid = judged?.verdict.findings.some(({ code }) => code === 'vdso-writable');
    return [judged?.verdict.vdso?.permissions, isSaid, judged?.forecast?.findings[0]?.code];
  };
  assert.deepEqual(await told(5), ['r-xp', false, 'restore-in-place']);
  assert.deepEqual(await told(7), ['rwxp', true, 'restore-in-place']);
});

test('a thread that stopped where the image has no mapping dies, one in the code of its program does not', async (context) => {
  const built = { vvar: [-0x4000, 0], linuxVersion: 0x05_06_00 } as const;
  assert.equal((await restoredAs(context, { ...built, ip: 0x401000n }))?.restore, 'in-place');
  assert.equal((await restoredAs(context, { ...built, ip: 0x403000n }))?.restore, 'crash');
});

test('a second vvar of which the last is whole, or only a piece of it, is told to make a proxy, or not to', async (context) => {
  const told = async (more: readonly [bigint, bigint], vvar: readonly [number, number]) => {
    const judged = await judgedOf(context, { vvar, linuxVersion: 0x05_06_00, more });
    return judged?.verdict.findings.find(({ code }) => code === 'image-with-several-vvars')?.text ?? '';
  };
  // CRIU before 3.5 left that of a runtime vDSO in.
  assert.doesNotMatch(await told([0x30000n, 0x34000n], [-0x4000, 0]), /makes a proxy/);
  assert.match(await told([0x30000n, 0x32000n], [-0x2000, 0]), /makes a proxy as its size differs/);
});
