import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { checkTarget, manifest, writeBundle } from '../../src/bundle/write.js';
import { type BundleFile, collectProcess } from '../../src/bundle/write-collect.js';
import { AT_SYSINFO_EHDR } from '../../src/model/evidence.js';
import { fileFolder } from '../folder.js';
import { auxvOf, block, FILE_LINE, madeUpProc, mapsLine, pagemapOf, statLine } from '../proc/made-up-proc.js';

const folder = fileFolder();
const VDSO = 0x7f0d096d3000;
const ANON = 0x7f0d0a000000;
const WRITABLE = 0x7f0d0b000000;

const answers = {
  '/proc/7/stat': statLine(7, 'a)\nb'),
  '/proc/7/maps': `${FILE_LINE}${block(VDSO)}${mapsLine(ANON, 2, 'r--p', '')}${mapsLine(WRITABLE, 1, 'rw-p', '')}`,
  '/proc/7/auxv': auxvOf([AT_SYSINFO_EHDR, VDSO]),
  '/proc/7/comm': 'a)\nb\n',
  '/proc/7/ns/uts': 'uts:[4026531838]',
};
const read: number[] = [];
const positioned = {
  '/proc/7/pagemap': pagemapOf(new Map([[VDSO / 4096, 0xa000000000002861n]])),
  '/proc/7/mem': (target: Uint8Array, position: number) => {
    read.push(position);
    return target.fill(0x90).length;
  },
  '/proc/kpageflags': (target: Uint8Array, position: number) => {
    assert.equal(position, 0x2861 * 8);
    new DataView(target.buffer, target.byteOffset).setBigUint64(0, 0x100000804n, true);
    return target.length;
  },
};

test('nothing is collected in the middle of an exec: its memory has no vDSO yet', () => {
  const stack = mapsLine(0x7fff29847000, 33, 'rw-p', '[stack]');
  const { proc } = madeUpProc({ ...answers, '/proc/7/maps': stack, '/proc/7/auxv': auxvOf() }, positioned);
  const found = collectProcess(7, proc);
  assert.ok('why' in found);
  assert.equal(found.why, 'torn');
});

test('of a process whose main thread has ended there is nothing but that, though others have its memory', () => {
  const ofThread = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).map(([path, one]) => [path.replace('/proc/7/', '/proc/7/task/9/'), one]));
  const ended = { ...ofThread(answers), '/proc/7/stat': statLine(7, 'a', 'Z'), '/proc/7/maps': '' };
  const memory = { ...positioned, '/proc/7/mem': (target: Uint8Array) => target.fill(0x90).length };
  const found = collectProcess(7, madeUpProc(ended, ofThread(memory)).proc);
  assert.ok(!('why' in found));
  const bytes = (path: string): Uint8Array | undefined => found.find((file) => file.path === path)?.bytes;
  assert.equal(Buffer.from(bytes('7/maps') ?? []).toString(), answers['/proc/7/maps']);
  for (const name of ['auxv', 'ns/uts', `pagemap/${VDSO.toString(16)}.bin`, `mem/${VDSO.toString(16)}.bin`])
    assert.ok(bytes(`7/${name}`)?.length, name);
});

describe('what is collected of a process', () => {
  const { proc } = madeUpProc(answers, positioned);
  const found = collectProcess(7, { ...proc, privileged: true });
  assert.ok(!('why' in found));
  const bytes = (path: string): Buffer => Buffer.from(found.find((file) => file.path === path)?.bytes ?? []);

  test('byte copies of the files there are, and none of those there are not', () => {
    assert.equal(bytes('7/comm').toString(), 'a)\nb\n');
    assert.equal(bytes('7/maps').toString(), answers['/proc/7/maps']);
    assert.deepEqual(bytes('7/auxv'), Buffer.from(answers['/proc/7/auxv']));
    assert.equal(bytes('7/ns/uts').toString(), 'uts:[4026531838]');
    assert.equal(
      found.some(({ path }) => path === '7/smaps' || path === '7/status'),
      false,
    );
  });

  test('words and flags of small mappings without a file, little-endian', () => {
    assert.equal(bytes(`7/pagemap/${VDSO.toString(16)}.bin`).readBigUInt64LE(0), 0xa000000000002861n);
    assert.equal(bytes(`7/kpageflags/${VDSO.toString(16)}.bin`).readBigUInt64LE(0), 0x100000804n);
    assert.equal(bytes(`7/pagemap/${WRITABLE.toString(16)}.bin`).length, 8);
    assert.equal(bytes(`7/pagemap/${(0x55d385ed0000).toString(16)}.bin`).length, 0);
  });

  test('bytes of what could be the vDSO: never its data pages, never what the process can write', () => {
    assert.equal(bytes(`7/mem/${VDSO.toString(16)}.bin`).length, 8192);
    assert.deepEqual(read, [VDSO, ANON]);
  });

  test('a refused, a vanished and a restless process are reasons', () => {
    const of = (more: Parameters<typeof madeUpProc>[0]) => {
      const result = collectProcess(7, madeUpProc({ ...answers, ...more }, positioned).proc);
      return 'why' in result ? result.why : 'read';
    };
    let turn = 0;
    assert.equal(of({ '/proc/7/maps': { code: 'EACCES' } }), 'denied');
    assert.equal(of({ '/proc/7/stat': { code: 'ENOENT' } }), 'gone');
    assert.equal(of({ '/proc/7/maps': () => block(VDSO + 4096 * turn++) }), 'torn');
    assert.equal(of({}), 'read');
  });
});

describe('writing a bundle', () => {
  const { host } = madeUpProc({}).proc;
  const files = [
    { path: '7/maps', bytes: Buffer.from('maps') },
    { path: '7/ns/uts', bytes: Buffer.from('uts') },
  ];
  const taken = {
    from: { uptime: '734.130000000', time: '2026-11-24T15:04:05.123Z' },
    until: { uptime: '735.000000000', time: '2026-11-24T15:04:06.000Z' },
  };
  const last = (): BundleFile => manifest({ ...host, bootId: 'b00t' }, taken, 'a note');

  test('as a directory: private files, bundle.json among them', async () => {
    const target = join(folder, 'made');
    assert.deepEqual(await writeBundle(target, last, files), { ok: true, value: 3 });
    assert.equal(readFileSync(join(target, '7/ns/uts'), 'utf8'), 'uts');
    assert.equal(statSync(join(target, '7/maps')).mode & 0o777, 0o600);
    assert.equal(statSync(join(target, '7')).mode & 0o777, 0o700);
    const document: unknown = JSON.parse(readFileSync(join(target, 'bundle.json'), 'utf8'));
    assert.deepEqual(document, {
      format: 'vdsowatch-bundle/1',
      host: { release: '6.18.0', machine: 'x86_64', pageSize: 4096, hintTest: 'kept', bootId: 'b00t' },
      taken,
      reference: { x86_64: ['0x2861', '0x2862'] },
      note: 'a note',
    });
  });

  test('as an archive, below one folder', async () => {
    const target = join(folder, 'made.tar.gz');
    assert.deepEqual(await writeBundle(target, last, files), { ok: true, value: 3 });
    assert.equal(statSync(target).mode & 0o777, 0o600);
    const names: string[] = [];
    const untar = extract();
    const { createReadStream } = await import('node:fs');
    createReadStream(target).pipe(createGunzip()).pipe(untar);
    for await (const entry of untar) {
      names.push(`${entry.header.name} ${(await buffer(entry)).length}`);
    }
    assert.deepEqual(names, ['made/7/maps 4', 'made/7/ns/uts 3', `made/bundle.json ${last().bytes.length}`]);
  });

  test('never over anything', async () => {
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'precious'), '');
    const file = join(folder, 'file.tgz');
    writeFileSync(file, 'precious');
    for (const target of [full, file, join(folder, 'made')]) {
      assert.equal(checkTarget(target)?.kind, 'cannot-write');
      assert.equal((await writeBundle(target, last, files)).ok, false);
    }
    assert.deepEqual(readdirSync(full), ['precious']);
    assert.equal(readFileSync(file, 'utf8'), 'precious');
  });

  test('an empty directory will do; a place that is not there is a failure with its mend', async () => {
    mkdirSync(join(folder, 'empty'));
    assert.equal((await writeBundle(join(folder, 'empty'), last, files)).ok, true);
    for (const target of ['not/there', 'not/there.tar.gz']) {
      const result = await writeBundle(join(folder, target), last, files);
      assert.ok(!result.ok);
      assert.equal(result.failure.kind, 'cannot-write');
      assert.match(result.failure.mend ?? '', /Make the directory/);
    }
  });

  test('when it ends early, no bundle.json is left, and no archive', async () => {
    function* broken() {
      yield* files;
      throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' });
    }
    const result = await writeBundle(join(folder, 'cut'), last, broken());
    assert.ok(!result.ok);
    assert.match(result.failure.text, /not a whole bundle/);
    assert.match(result.failure.mend ?? '', /disk is full/);
    assert.equal(existsSync(join(folder, 'cut', 'bundle.json')), false);
    assert.equal((await writeBundle(join(folder, 'cut.tar.gz'), last, broken())).ok, false);
    assert.equal(existsSync(join(folder, 'cut.tar.gz')), false);
  });

  test('an archive that is stopped as soon as it is begun is not left behind', async () => {
    for (const target of ['first.tar.gz', 'second.tar.gz'].map((name) => join(folder, name))) {
      const stop = new AbortController();
      const written = writeBundle(target, last, files, stop.signal);
      stop.abort();
      assert.equal((await written).ok, false);
      // What opens it may only be on its way.
      await setTimeout(50);
      assert.equal(existsSync(target), false);
    }
  });
});
