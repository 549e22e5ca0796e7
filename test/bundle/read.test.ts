import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readBundle } from '../../src/bundle/read.js';
import { judge } from '../../src/judge/judge.js';
import type { Failure } from '../../src/model/failure.js';
import { AUXV, archive, entriesOf, type Files, GOOD, JSON_TEXT, MAPS, withDirectory } from './made-bundle.js';

const reason = async (files: Files, prepare?: (path: string) => void): Promise<Failure> =>
  await withDirectory(files, async (path) => {
    prepare?.(path);
    const contents = await readBundle(path);
    assert.equal(contents.ok, false, 'expected a failure');
    assert.ok(!contents.ok);
    oneSentence(contents.failure);
    return contents.failure;
  });

const oneSentence = ({ text, mend }: Failure): void => {
  for (const line of [text, mend ?? '']) {
    assert.doesNotMatch(line, /[\n\x1b]/);
    assert.ok(line.length < 400, line);
  }
  assert.match(text, /\.$/);
};

test('a good bundle: host, process, mappings, auxv; what is missing is said to be missing', async () => {
  await withDirectory({ ...GOOD, '77/ns/uts': 'uts:[4026531838]', '77/comm': 'a\nb\n' }, async (path) => {
    const contents = await readBundle(path);
    assert.ok(contents.ok);
    const [evidence] = contents.value.processes;
    assert.equal(evidence?.host.release, '6.18.5');
    assert.deepEqual(evidence?.host.reference.get('x86_64'), [0x2861n, 0x2862n]);
    assert.equal(evidence?.process.comm, 'a\nb');
    assert.equal(evidence?.namespaces.get('uts'), 4026531838n);
    assert.deepEqual(
      evidence?.unread.map(({ what, why }) => `${what} ${why}`),
      ['smaps absent', 'stat absent', 'status absent'],
    );
    assert.ok(evidence !== undefined && judge(evidence).vdso?.moved === false);
  });
});

test('when a bundle was read is known where it says so, and what cannot be believed is not known', async () => {
  const stamp = (uptime: unknown, time?: unknown) => ({ uptime, ...(time === undefined ? {} : { time }) });
  const takenOf = async (taken: unknown) => {
    const json = { ...(JSON.parse(JSON_TEXT) as object), taken };
    return await withDirectory({ ...GOOD, 'bundle.json': JSON.stringify(json) }, async (path) => {
      const contents = await readBundle(path);
      assert.ok(contents.ok);
      return contents.value.taken;
    });
  };
  const [early, late] = [stamp('734.13', '2026-11-24T15:04:05Z'), stamp('735', '2026-11-24T15:04:06.250Z')];
  assert.deepEqual(await takenOf({ from: early, until: late }), {
    from: { at: 734_130_000_000n, time: 1_795_532_645_000_000_000n },
    until: { at: 735_000_000_000n, time: 1_795_532_646_250_000_000n },
  });
  const once = { at: 1_500_000_000n, time: undefined };
  assert.deepEqual(await takenOf({ from: stamp('1.5'), until: stamp('1.5') }), { from: once, until: once });
  for (const wrong of [
    undefined,
    null,
    7,
    {},
    { from: early },
    { from: late, until: early },
    { from: stamp(734), until: late },
    { from: stamp('-1'), until: late },
    { from: stamp('1e3'), until: late },
    { from: null, until: late },
  ])
    assert.equal(await takenOf(wrong), undefined, JSON.stringify(wrong));
  const odd = await takenOf({ from: stamp('1.0', 'yesterday'), until: late });
  assert.deepEqual(odd?.from, { at: 1_000_000_000n, time: undefined });
});

test('a bundle of several processes: the good ones are kept, a bad one is named', async () => {
  await withDirectory({ ...GOOD, '9/maps': MAPS, '123/maps': 'garbage\n' }, async (path) => {
    const contents = await readBundle(path);
    assert.ok(contents.ok);
    assert.deepEqual(
      contents.value.processes.map(({ process }) => process.pid),
      [9, 77],
    );
    assert.equal(contents.value.problems.length, 1);
    assert.match(contents.value.problems[0]?.text ?? '', /^123\/maps /);
  });
});

test('an empty line that an editor left in maps or smaps costs nothing', async () => {
  const smaps = `${MAPS.split('\n')[0]}\nRss: 4 kB\n\n`;
  await withDirectory({ ...GOOD, '77/maps': `\n${MAPS}\n`, '77/smaps': smaps }, async (path) => {
    const contents = await readBundle(path);
    assert.ok(contents.ok, contents.ok ? '' : contents.failure.text);
    assert.deepEqual([contents.value.processes[0]?.vmas?.length, contents.value.problems], [3, []]);
  });
});

test('archives: plain and gzipped, at the root or in a folder, are read as the directory is', async () => {
  for (const prefix of ['', './', 'host-2026/']) {
    const tar = await archive(entriesOf(GOOD, prefix));
    for (const [name, content] of [
      ['b.tar', tar],
      ['b.tar.gz', gzipSync(tar)],
    ] as const)
      await withDirectory({ [name]: content }, async (path) => {
        const contents = await readBundle(join(path, name));
        assert.ok(contents.ok, contents.ok ? '' : contents.failure.text);
        assert.equal(contents.value.processes[0]?.vmas?.length, 3);
      });
  }
});

const { '77/maps': _maps, ...WITHOUT_MAPS } = GOOD;
const { 'bundle.json': _json, ...WITHOUT_JSON } = GOOD;
const LONG = 'x'.repeat(100_000);
const withHost = (host: unknown): string => JSON.stringify({ format: 'vdsowatch-bundle/1', host });

const BAD: Readonly<Record<string, readonly [Files, RegExp]>> = {
  'nothing at all': [{}, /holds no bundle\.json/],
  'no bundle.json': [WITHOUT_JSON, /holds no bundle\.json/],
  'bundle.json empty': [{ ...GOOD, 'bundle.json': '' }, /bundle\.json is not JSON/],
  'bundle.json cut short': [{ ...GOOD, 'bundle.json': JSON_TEXT.slice(0, 40) }, /bundle\.json is not JSON/],
  'bundle.json not UTF-8': [
    { ...GOOD, 'bundle.json': new Uint8Array([0xff, 0xfe, 0x7b, 0x7d]) },
    /bundle\.json is not JSON/,
  ],
  'bundle.json a list': [{ ...GOOD, 'bundle.json': '[]' }, /is not an object/],
  'bundle.json null': [{ ...GOOD, 'bundle.json': 'null' }, /is not an object/],
  'another format': [{ ...GOOD, 'bundle.json': '{"format":"tarball"}' }, /has no format/],
  'a page size of 3': [{ ...GOOD, 'bundle.json': withHost({ pageSize: 3 }) }, /page size/],
  'a page size of 2^60': [{ ...GOOD, 'bundle.json': withHost({ pageSize: 2 ** 60 }) }, /page size/],
  'a strange hint test': [{ ...GOOD, 'bundle.json': withHost({ hintTest: 'maybe' }) }, /hintTest/],
  'a host that is a list': [{ ...GOOD, 'bundle.json': withHost([]) }, /host that is not an object/],
  'frames that are numbers': [
    { ...GOOD, 'bundle.json': '{"format":"vdsowatch-bundle/1","reference":{"x86_64":[1]}}' },
    /reference/,
  ],
  'no process': [{ 'bundle.json': JSON_TEXT }, /holds no process/],
  'no maps': [WITHOUT_MAPS, /77\/maps in the bundle is missing/],
  'maps empty': [{ ...GOOD, '77/maps': '' }, /77\/maps in the bundle is empty/],
  'maps of another kind': [{ ...GOOD, '77/maps': LONG }, /line 1 that no kernel prints/],
  'maps cut short': [{ ...GOOD, '77/maps': MAPS.slice(0, -50) }, /line 3 that no kernel prints/],
  'maps with an escape sequence': [{ ...GOOD, '77/maps': '\u001b[2J\n' }, /line 1 that no kernel prints: \\x1b\[2J/],
  'maps that contradict themselves': [{ ...GOOD, '77/maps': MAPS + MAPS }, /two mappings at one address/],
  'maps end before start': [{ ...GOOD, '77/maps': '2000-1000 r-xp 00000000 00:00 0\n' }, /line 1/],
  'auxv that is text': [{ ...GOOD, '77/auxv': 'no auxv at all, but some text' }, /no auxiliary vector/],
  'maps with the line ends of Windows': [
    { ...GOOD, '77/maps': MAPS.replaceAll('\n', '\r\n') },
    /77\/maps in the bundle has the line ends of another system/,
  ],
  'smaps that is text': [{ ...GOOD, '77/smaps': 'hello\n' }, /77\/smaps in the bundle has a line 1/],
  'stat that is text': [{ ...GOOD, '77/stat': 'hello\n' }, /77\/stat in the bundle is not what a kernel prints/],
  'a namespace that is text': [{ ...GOOD, '77/ns/uts': 'hello' }, /77\/ns\/uts/],
  'words of no mapping': [{ ...GOOD, '77/pagemap/1000.bin': new Uint8Array(8) }, /memory that maps does not have/],
  'more words than pages': [
    { ...GOOD, '77/pagemap/7f1000006000.bin': new Uint8Array(24) },
    /pages that its mapping does not have/,
  ],
  'a word cut short': [{ ...GOOD, '77/pagemap/7f1000006000.bin': new Uint8Array(12) }, /is cut short/],
  'flags of no page': [
    { ...GOOD, '77/kpageflags/7f1000006000.bin': new Uint8Array(64) },
    /pages that its mapping does not have/,
  ],
  'more bytes than memory': [
    { ...GOOD, '77/mem/7f1000006000.bin': new Uint8Array(8193) },
    /is larger than its mapping/,
  ],
};

for (const [title, [files, expected]] of Object.entries(BAD))
  test(`bad bundle: ${title}: one sentence`, async () => {
    const { text, kind } = await reason(files);
    assert.match(text, expected);
    assert.ok(kind === 'bad-input' || kind === 'too-large', kind);
  });

test('a newer format says so', async () => {
  const failure = await reason({ ...GOOD, 'bundle.json': '{"format":"vdsowatch-bundle/2"}' });
  assert.equal(failure.kind, 'newer-format');
});

test('empty optional files are not known, and no fault: a reader without rights leaves them', async () => {
  await withDirectory(
    { ...GOOD, '77/auxv': '', '77/smaps': '', '77/status': '', '77/stat': '', '77/pagemap/7f1000006000.bin': '' },
    async (path) => {
      const contents = await readBundle(path);
      assert.ok(contents.ok);
      const [evidence] = contents.value.processes;
      assert.ok(evidence !== undefined);
      assert.equal(evidence.auxv, undefined);
      assert.equal(evidence.pagemap.size, 0);
      assert.ok(evidence.unread.some(({ what }) => what === 'auxv'));
    },
  );
});

test('an auxv that the process emptied is not known, and no fault', async () => {
  await isReadWithout(new Uint8Array(16));
});

const isReadWithout = async (auxv: Uint8Array): Promise<void> =>
  await withDirectory({ ...GOOD, '77/auxv': auxv }, async (path) => {
    const contents = await readBundle(path);
    assert.ok(contents.ok);
    const [evidence] = contents.value.processes;
    assert.equal(evidence?.auxv, undefined);
    assert.ok(evidence?.unread.some(({ what, why }) => `${what} ${why}` === 'auxv bad'));
  });

test('a process that gave itself any words for an auxv does not hide by them: its auxv is not known', async () => {
  const ones = new Uint8Array(64).fill(255);
  // AT_SYSINFO_EHDR of zero, and nothing that tells the size of a word.
  const zero = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 33 : 0));
  for (const auxv of [ones, zero, Buffer.from('words that no kernel gave to it.')]) await isReadWithout(auxv);
});

test('an smaps that ends in the middle of a line is data: its last line is not believed', async () => {
  const flags =
    '7f1000006000-7f1000008000 r-xp 00000000 00:00 0 [vdso]\nRss: 8 kB\nAnonymous: 0 kB\nVmFlags: rd ex mr mw me de';
  for (const [end, special] of [
    ['', undefined],
    [' \n', true],
  ] as const)
    await withDirectory({ ...GOOD, '77/smaps': `${flags}${end}` }, async (path) => {
      const contents = await readBundle(path);
      assert.ok(contents.ok);
      const [evidence] = contents.value.processes;
      const entry = evidence?.smaps?.get(0x7f1000006000n);
      assert.equal(entry?.rss, 8);
      assert.equal(entry?.flags?.has('de'), special);
      assert.equal(
        evidence?.unread.some(({ what, why }) => `${what} ${why}` === 'smaps truncated'),
        end === '',
      );
    });
});

test('a zombie and a kernel thread may have empty maps', async () => {
  const stat = (state: string, flags: number): string =>
    `77 (x) ${state} 1 0 0 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n`;
  for (const text of [stat('Z', 0), stat('S', 0x200000)])
    await withDirectory({ 'bundle.json': JSON_TEXT, '77/maps': '', '77/stat': text }, async (path) => {
      const contents = await readBundle(path);
      assert.ok(contents.ok);
      const [evidence] = contents.value.processes;
      assert.ok(evidence !== undefined && !judge(evidence).applicable);
    });
});

test('of a zombie with memory it is known that its main thread alone has ended; of others that it has not', async () => {
  const stat = (state: string): string => `77 (x) ${state} 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n`;
  for (const [state, ended] of [
    ['Z', true],
    ['S', undefined],
  ] as const)
    await withDirectory({ ...GOOD, '77/stat': stat(state) }, async (path) => {
      const contents = await readBundle(path);
      assert.ok(contents.ok);
      const [evidence] = contents.value.processes;
      assert.ok(evidence !== undefined && judge(evidence).applicable);
      assert.equal(evidence.process.mainThreadEnded, ended);
    });
});

test('links, FIFOs and directories in the wrong place are refused or passed over, never followed', async () => {
  const secret = '/etc/hostname';
  assert.match(
    (await reason(WITHOUT_MAPS, (path) => symlinkSync(secret, join(path, '77/maps')))).text,
    /is not a plain file/,
  );
  assert.match(
    (await reason({ 'bundle.json': JSON_TEXT }, (path) => symlinkSync('/proc/self', join(path, '77')))).text,
    /is not a plain file/,
  );
  assert.match(
    (await reason(WITHOUT_MAPS, (path) => execFileSync('mkfifo', [join(path, '77/maps')]))).text,
    /is not a plain file/,
  );
  assert.match(
    (await reason(WITHOUT_MAPS, (path) => mkdirSync(join(path, '77/maps')))).text,
    /maps in the bundle is missing/,
  );
  // What no bundle has is not opened at all.
  await withDirectory({ ...GOOD, '77/notes.txt': 'x', 'other/thing': 'y' }, async (path) => {
    symlinkSync(secret, join(path, 'link'));
    assert.ok((await readBundle(path)).ok);
  });
});

test('oversized files are refused before they are read', async () => {
  const failure = await reason(GOOD, (path) => {
    writeFileSync(join(path, '77/smaps'), '');
    truncateSync(join(path, '77/smaps'), 2 ** 33);
  });
  assert.equal(failure.kind, 'too-large');
});

test('paths that are not there, no file, or of another kind: one sentence', async () => {
  for (const path of ['/no/such/bundle', '/dev/null', '/proc/self/stat', '\u001b]0;x\u0007'])
    await readBundle(path).then((contents) => {
      assert.ok(!contents.ok);
      oneSentence(contents.failure);
    });
});

test('one file that cannot be read lost all processes of a directory', async () => {
  const files = { ...GOOD, '9/maps': MAPS, '9/auxv': AUXV, '123/maps': MAPS };
  await withDirectory(files, async (path) => {
    chmodSync(path, 0o755);
    for (const name of ['9/maps', '77/auxv']) chmodSync(join(path, name), 0);
    chmodSync(join(path, '123'), 0);
    const contents = await asOrdinaryUser(() => readBundle(path));
    chmodSync(join(path, '123'), 0o700);
    assert.ok(contents.ok);
    assert.deepEqual(
      contents.value.processes.map(({ process, auxv }) => [process.pid, auxv]),
      [[77, undefined]],
    );
    assert.deepEqual(
      contents.value.problems.map(({ text }) => text),
      ['123', '77/auxv', '9/maps'].map((name) => `${join(path, name)} may not be read by this user.`),
    );
  });
});

/** Root may read every file. */
const asOrdinaryUser = async <T>(act: () => Promise<T>): Promise<T> => {
  if (process.geteuid?.() !== 0) return await act();
  process.seteuid?.(65534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
};
