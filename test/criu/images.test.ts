import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageProcess, ImageSet } from '../../src/criu/image-set.js';
import { readImages } from '../../src/criu/images.js';
import { MappedAreaSchema } from '../../src/criu/schema/image_pb.js';
import { hasStatus } from '../../src/criu/status.js';
import { AT_SYSINFO_EHDR } from '../../src/model/evidence.js';
import { testFolder } from '../folder.js';
import { PLAIN_STATUS, VDSO_STATUS, VVAR_STATUS, writeImages } from './image-directory.js';
import { imageFile, word } from './image-file.js';

const corpus = 'test/corpus/cases';

const read = async (path: string): Promise<ImageSet> => {
  const outcome = await readImages(path);
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.failure.text);
  return outcome.value;
};

const only = (set: ImageSet): ImageProcess => {
  const [process] = set.processes;
  assert.ok(process !== undefined);
  return process;
};

const filled = (pages: number, first: number): Buffer =>
  Buffer.concat(Array.from({ length: pages }, (_, index) => Buffer.alloc(4096, first + index)));

test('a 64-bit process of a real dump: areas, auxv, registers and the vDSO bytes', async () => {
  const set = await read(join(corpus, 'moved-alone-copy-at-old-address/img'));
  const process = only(set);
  assert.equal(set.kind, 'dump');
  assert.deepEqual(set.problems, []);
  assert.equal(set.inventory?.version, 2);
  assert.equal(set.inventory?.runId, '6105a54a-892b-4946-8d22-fe7d904d45e4');
  assert.equal(process.comm, 'b_move');
  assert.equal(process.machine, 'x86_64');
  assert.equal(process.compat, false);
  assert.equal(process.auxv?.entries.get(AT_SYSINFO_EHDR), 0x7fe06f54b000n);
  assert.equal(process.threads[0]?.ip, 0x7fe06f457829n);
  const took = process.areas?.filter(({ status }) => hasStatus(status, 'vdso')).map(({ start }) => start);
  assert.deepEqual(took, [0x7fe06f333000n]);
  const copy = process.pages.get(0x7fe06f54b000n);
  const genuine = process.pages.get(0x7fe06f333000n);
  assert.equal(copy?.length, 2);
  assert.deepEqual(copy, genuine, 'the process had put a byte copy at the old address');
  assert.equal(Buffer.from(genuine?.[0] ?? []).toString('latin1', 1, 4), 'ELF');
});

test('a 32-bit process: packed auxv, mode of the registers, ip inside the vDSO', async () => {
  const process = only(await read(join(corpus, 'ia32-clock-loop/img')));
  assert.equal(process.compat, true);
  assert.equal(process.auxv?.wordSize, 4);
  assert.equal(process.auxv?.entries.get(AT_SYSINFO_EHDR), 0xf7fc1000n);
  assert.equal(process.threads[0]?.ip, 0xf7fc15e9n);
});

test('two processes in one dump keep their own pages files', async () => {
  const set = await read(join(corpus, 'plain-shell-loop/img'));
  assert.deepEqual(
    set.processes.map(({ pid, parent, comm }) => [pid, parent, comm]),
    [
      [22379, 0, 'sh'],
      [22397, 22379, 'sleep'],
    ],
  );
  const vdsos = set.processes.map(({ pages, auxv }) => pages.get(auxv?.entries.get(AT_SYSINFO_EHDR) ?? 0n));
  assert.deepEqual(vdsos[0], vdsos[1], 'the same kernel gave both the same vDSO');
});

test('a dump that stopped early, and one without its pages, say so and keep the rest', async () => {
  const stopped = await read(join(corpus, 'moved-apart-with-holes/img'));
  assert.equal(stopped.kind, 'unfinished');
  assert.match(stopped.problems.map(({ text }) => text).join(), /no pstree\.img: the dump stopped/);
  const pageless = await read(join(corpus, 'valgrind-none/img'));
  assert.match(pageless.problems.map(({ text }) => text).join(), /pages-1\.img is missing/);
  assert.equal(only(pageless).areas?.length, 41);
});

test('every image directory of the corpus is read without a complaint, but for what case.json says is left out', async () => {
  const cases = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'img')));
  assert.ok(cases.length >= 20, `${cases.length} cases`);
  for (const name of cases) {
    const outcome = await readImages(join(corpus, name, 'img'));
    assert.ok(outcome.ok, name);
    const expected = outcome.value.kind === 'unfinished' || name === 'valgrind-none' ? 1 : 0;
    assert.equal(outcome.value.problems.length, expected, `${name}: ${JSON.stringify(outcome.value.problems)}`);
  }
});

const VMAS = [
  { start: 0x7000n, end: 0x9000n, prot: 1, flags: 0x22, status: VVAR_STATUS },
  { start: 0x9000n, end: 0xb000n, prot: 5, flags: 0x22, status: VDSO_STATUS },
  { start: 0x20000n, end: 0x24000n, prot: 5, flags: 0x22, status: PLAIN_STATUS },
];

test('pages are found by the sum of what comes before, by 4.2 and by older page counts, and through parents', async (context) => {
  const root = testFolder(context);
  const [child, parent] = [join(root, 'child'), join(root, 'parent-dump')];
  writeImages(parent, {
    pid: 5,
    vmas: VMAS,
    pagemap: [{ vaddr: 0x9000n, compatNrPages: 2 }],
    pages: filled(2, 0x40),
  });
  writeImages(child, {
    pid: 5,
    vmas: VMAS,
    pagemap: [
      { vaddr: 0x1000n, compatNrPages: 0, nrPages: 3n, flags: 4 },
      { vaddr: 0x9000n, compatNrPages: 1, flags: 1 },
      { vaddr: 0xa000n, compatNrPages: 1, flags: 4 },
      { vaddr: 0x20000n, compatNrPages: 1, flags: 2 },
      { vaddr: 0x21000n, compatNrPages: 1, inParent: true },
      { vaddr: 0x22000n, compatNrPages: 1 },
    ],
    pages: filled(5, 0x10),
  });
  symlinkSync('../parent-dump', join(child, 'parent'));
  const set = await read(child);
  const { pages } = only(set);
  assert.deepEqual(
    pages.get(0x9000n)?.map((page) => page?.[0]),
    [0x40, 0x13],
  );
  assert.deepEqual(
    pages.get(0x20000n)?.map((page) => page?.[0]),
    [undefined, undefined, 0x14, undefined],
  );
  assert.deepEqual(set.problems, []);
});

test('parent links that go in a circle, nowhere, or are missing cost one sentence', async (context) => {
  const root = testFolder(context);
  const build = (name: string): string => {
    writeImages(join(root, name), { pid: 5, vmas: VMAS, pagemap: [{ vaddr: 0x9000n, compatNrPages: 2, flags: 1 }] });
    return join(root, name);
  };
  const [one, other, dangling, alone] = [build('one'), build('other'), build('dangling'), build('alone')];
  symlinkSync('../other', join(one, 'parent'));
  symlinkSync('../one', join(other, 'parent'));
  symlinkSync('../nowhere', join(dangling, 'parent'));
  for (const [path, sentence] of [
    [one, /parent links .* go in a circle/],
    [dangling, /names a directory that is not there/],
    [alone, /no parent link/],
  ] as const) {
    const set = await read(path);
    assert.match(set.problems.map(({ text }) => text).join(), sentence);
    assert.deepEqual(only(set).pages.get(0x9000n), [undefined, undefined]);
  }
});

test('nothing is followed out of the directory: a link or a FIFO in the place of an image is refused', async (context) => {
  const root = testFolder(context);
  const path = join(root, 'images');
  writeImages(path, { pid: 5, vmas: VMAS, pagemap: [{ vaddr: 0x9000n, compatNrPages: 2 }] });
  writeFileSync(join(root, 'secret'), filled(2, 0x77));
  symlinkSync('../secret', join(path, 'pages-1.img'));
  mkdirSync(join(path, 'core-6.img'));
  const set = await read(path);
  assert.match(set.problems.map(({ text }) => text).join(), /pages-1\.img is a symbolic link and was not followed/);
  assert.deepEqual(only(set).pages.get(0x9000n), [undefined, undefined]);
});

test('absurd lengths, counts and versions: file name, offset, and the rest stands', async (context) => {
  const root = testFolder(context);
  const damage = async (name: string, bytes: Buffer): Promise<readonly [string, ImageSet]> => {
    const path = join(root, name.replaceAll('.', '-'));
    writeImages(path, { pid: 5, vmas: VMAS });
    writeFileSync(join(path, name), bytes);
    const set = await read(path);
    return [set.problems.map(({ text }) => text).join(), set];
  };
  const pagemap = Buffer.concat([word(0x54564319), word(0x56084025), word(0xffffffff)]);
  const [length] = await damage('pagemap-5.img', pagemap);
  assert.match(length, /pagemap-5\.img message at byte 8 claims 4294967295 bytes, but only 0 follow/);
  const [magic, set] = await damage('mm-5.img', Buffer.concat([word(0x54564319), word(0x50273030)]));
  assert.match(magic, /mm-5\.img has the magic of a pstree image at byte 4/);
  assert.equal(only(set).areas, undefined, 'not known is not the same as none');
  assert.equal(only(set).comm, 'built');
  const [version] = await damage('inventory.img', Buffer.concat([word(0x58313116), word(2), Buffer.from([0x08, 99])]));
  assert.match(version, /image version 99/);
  // An mm message of 2^20 empty VMAs: two bytes each on the wire, a whole object each in memory.
  const many = Buffer.concat([
    word(0x54564319),
    word(0x57492820),
    word(2 << 20),
    Buffer.alloc(2 << 20, Buffer.from([0x72, 0])),
  ]);
  assert.match((await damage('mm-5.img', many))[0], /more than 300000 mappings/);
});

test('format 1.0: one magic word, mappings in a file of their own', async (context) => {
  const root = testFolder(context);
  writeImages(root, { pid: 5, vmas: [], pagemap: [{ vaddr: 0x9000n, compatNrPages: 2 }], pages: filled(2, 0x30) });
  for (const name of ['mm-5.img', 'core-5.img', 'pagemap-5.img', 'pstree.img'])
    writeFileSync(join(root, name), readFileSync(join(root, name)).subarray(4));
  writeFileSync(join(root, 'vmas-5.img'), imageFile('vmas', MappedAreaSchema, VMAS).subarray(4));
  const set = await read(root);
  assert.deepEqual(set.problems, []);
  assert.deepEqual(
    only(set).areas?.map(({ status }) => status),
    [VVAR_STATUS, VDSO_STATUS, PLAIN_STATUS],
  );
  assert.deepEqual(
    only(set)
      .pages.get(0x9000n)
      ?.map((page) => page?.[0]),
    [0x30, 0x31],
  );
});

test('a directory that is none of CRIU, or not there, is one sentence', async (context) => {
  const root = testFolder(context);
  const empty = await readImages(root);
  assert.ok(!empty.ok && /holds no CRIU image/.test(empty.failure.text));
  const absent = await readImages(join(root, 'absent'));
  assert.ok(!absent.ok && /is not there/.test(absent.failure.text));
});
