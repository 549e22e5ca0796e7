import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type PostMortem, readPostMortem } from '../../src/criu/post-mortem.js';
import type { Pristine } from '../../src/judge/criu/pristine.js';
import type { Judged } from '../../src/model/judged.js';
import { hex } from '../../src/text/hex.js';
import { testFolder } from '../folder.js';
import { PLAIN_STATUS, VDSO_STATUS, VVAR_STATUS, writeImages } from './image-directory.js';

const corpus = 'test/corpus/cases';
const imageCases = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'img')));

const bytesOf = (path: string): Buffer => readFileSync(join(corpus, path));
/** vDSOs of two kernels of the corpus that pagemap shows to be clean. */
const pristine: readonly Pristine[] = [
  { bytes: bytesOf('plain-shell-loop/bundle/22379/mem/7fa9e8d42000.bin'), from: 'a clean process of that host' },
  { bytes: bytesOf('ia32-clock-loop/bundle/4266/mem/f7fc1000.bin'), from: 'a clean 32-bit process of that host' },
];

const examine = async (name: string): Promise<PostMortem> => {
  const outcome = await readPostMortem(join(corpus, name, 'img'), { pristine: async () => pristine });
  assert.ok(outcome.ok, name);
  return outcome.value;
};

const codesOf = ({ verdict, forecast }: Judged): readonly string[] =>
  [...verdict.findings, ...(forecast?.findings ?? [])].map(({ code }) => code);

const first = ({ judged }: PostMortem): Judged => {
  const [process] = judged;
  assert.ok(process !== undefined);
  return process;
};

/** What an image and its logs cannot say: the dump stopped before auxv, before the vDSO, or before any page. */
const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  'criu-proxied-dumped-again': ['modifiedPages'],
  'forged-mark-v2': ['moved', 'modifiedPages', '0x7f8595f9f000'],
  'migrated-5.10-to-6.12': ['modifiedPages'],
  'moved-apart-with-holes': ['vdso', 'hint', '0x7faac2fc8000'],
  'uprobe-hit-by-a-tracer': ['moved', 'modifiedPages'],
};

for (const name of imageCases) {
  test(`${name}: the image agrees with what is true of the process`, async () => {
    const expected: Record<string, unknown> = JSON.parse(readFileSync(join(corpus, name, 'expect.json'), 'utf8'));
    const { verdict, forecast } = first(await examine(name));
    const unknown = UNKNOWN[name] ?? [];
    const agree = (field: string, mine: unknown, theirs: unknown): void => {
      if (unknown.includes(field)) assert.equal(mine, undefined, `${field} is known after all`);
      else assert.deepEqual(mine, theirs, field);
    };
    const theirVdso = expected['vdso'];
    if (theirVdso === null) assert.equal(verdict.vdso, null);
    else if (unknown.includes('vdso')) assert.equal(verdict.vdso, undefined);
    else {
      assert.ok(verdict.vdso && typeof theirVdso === 'object');
      const mine = { ...verdict.vdso, start: hex(verdict.vdso.start) };
      for (const [field, value] of Object.entries(theirVdso))
        agree(field, Object.entries(mine).find(([key]) => key === field)?.[1], value);
    }
    agree('hint', verdict.hint, expected['hint']);
    const mine = new Map(verdict.mappings.map((mapping) => [hex(mapping.start), mapping.class]));
    for (const [start, mappingClass] of Object.entries(expected['mappings'] ?? {}))
      agree(start, mine.get(start), mappingClass);
    for (const [field, value] of Object.entries(expected['forecast'] ?? {}))
      agree(field, Object.entries(forecast ?? {}).find(([key]) => key === field)?.[1], value);
  });
}

/** What restore.log shows that CRIU did. */
const DONE: readonly (readonly [string, string])[] = [
  ['killed', 'crash'],
  ['vdso-missing', 'fail'],
  ['in-place', 'in-place'],
  ['proxy', 'proxy'],
  ['none-in-image', 'none'],
];
/** CRIU_FAULT=127 forced a proxy, or the restore was on another kernel. */
const FORCED = ['ia32-restored-as-proxy', 'moved-beside-anonymous-code', 'migrated-5.10-to-6.12'];

test('the forecast from the image is what restore.log shows to have happened', async () => {
  let compared = 0;
  for (const name of imageCases) {
    const { judged, logs } = await examine(name);
    if (logs.restore === undefined || FORCED.includes(name)) continue;
    for (const { evidence, forecast } of judged) {
      const codes: readonly string[] = logs.restore.findings
        .filter(({ pid }) => pid === evidence.process.pid)
        .map(({ code }) => code);
      const done: string | undefined = DONE.find(([code]) => codes.includes(code))?.[1];
      assert.equal(forecast?.restore, done, name);
      compared += 1;
    }
  }
  assert.ok(compared >= 20, `${compared} compared`);
});

test('findings name what CRIU took wrongly, and what the bytes say', async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['pfn-check-cow-both-pages', ['image-mishinted', 'image-status-changed', 'image-without-vdso', 'restore-failed']],
    ['symtable-check-copy-at-old-address', ['image-took-decoy', 'image-with-several-vdsos', 'image-status-changed']],
    ['criu-proxied-dumped-again', ['image-of-proxy']],
    ['cow-both-pages-time-hooked', ['image-vdso-changed', 'image-kernel']],
    ['ia32-clock-loop', ['image-stopped-in-vdso']],
    ['vvar-unmapped-vdso-kept', ['image-without-vvar', 'restore-failed', 'restore-crashes']],
    ['moved-vdso-alone', ['vdso-moved', 'proxy-leaves-functions', 'restored-by-proxy']],
    ['valgrind-none', ['image-without-vdso']],
    ['uprobe-hit-by-a-tracer', ['log-error']],
    ['forged-mark-v2', ['log-error']],
  ];
  for (const [name, wanted] of cases) {
    const codes = codesOf(first(await examine(name)));
    for (const code of wanted) assert.ok(codes.includes(code), `${name} lacks ${code}: ${codes.join(' ')}`);
  }
  const hooked = first(await examine('cow-both-pages-time-hooked')).verdict.findings;
  assert.match(hooked.find(({ code }) => code === 'image-vdso-changed')?.text ?? '', /7 bytes .* in __vdso_time/);
  const died = first(await examine('forged-mark-v2')).verdict.findings;
  assert.equal(died.find(({ code }) => code === 'log-error')?.mapping, 0x7f8595f9f000n, 'counted from the log');
  const clean = codesOf(first(await examine('plain-shell-loop')));
  assert.deepEqual(
    clean.filter((code) => !/^(image-kernel|restored-in-place|restore-in-place)$/.test(code)),
    [],
  );
});

test('a thread that stopped where the image has nothing, a mark in a page, a vDSO grown together with its neighbour', async (context) => {
  const root = testFolder(context);
  const vdso = bytesOf('plain-shell-loop/bundle/22379/mem/7fa9e8d42000.bin');
  const mark = Buffer.alloc(0x1000);
  mark.writeBigUInt64LE(0x4f53447655495243n, 0);
  const area = (start: bigint, end: bigint, status: number) => ({ start, end, prot: 5, flags: 0x22, status });
  writeImages(root, {
    pid: 5,
    ip: 0x36000n,
    vmas: [
      { ...area(0x8000n, 0xe000n, VVAR_STATUS), prot: 1 },
      area(0x20000n, 0x23000n, PLAIN_STATUS),
      area(0x40000n, 0x41000n, PLAIN_STATUS),
    ],
    pagemap: [
      { vaddr: 0x20000n, compatNrPages: 3, flags: 4 },
      { vaddr: 0x40000n, compatNrPages: 1, flags: 4 },
    ],
    pages: Buffer.concat([Buffer.alloc(0x1000, 0xcc), vdso, mark]),
  });
  const outcome = await readPostMortem(root, { pristine: async () => pristine });
  assert.ok(outcome.ok);
  const judged = first(outcome.value);
  const codes = codesOf(judged);
  for (const code of ['image-stopped-outside', 'image-mark', 'image-vdso-in-plain-memory', 'image-without-vdso'])
    assert.ok(codes.includes(code), `${code}: ${codes.join(' ')}`);
  assert.equal(judged.forecast?.restore, 'fail');
});

/** A copy of a case's images, changed. */
const changed = async (context: TestContext, name: string, change: (path: string) => void): Promise<Judged> => {
  const path = join(testFolder(context), 'img');
  cpSync(join(corpus, name, 'img'), path, { recursive: true });
  change(path);
  const outcome = await readPostMortem(path, { pristine: async () => pristine });
  assert.ok(outcome.ok);
  return first(outcome.value);
};

const remove =
  (pattern: RegExp) =>
  (path: string): void => {
    for (const name of readdirSync(path)) if (pattern.test(name)) rmSync(join(path, name));
  };

test('without the mappings of a process no restore is foretold, least of all one without a vDSO', async (context) => {
  const { forecast } = await changed(context, 'moved-block', remove(/^mm-/));
  assert.ok(forecast !== undefined);
  assert.deepEqual([forecast.restore, forecast.loss], [undefined, undefined]);
});

test('without dump.log nobody knows what the kernel called a vDSO that CRIU did not take', async (context) => {
  const { verdict } = await changed(context, 'pfn-check-cow-both-pages', remove(/\.log$/));
  assert.equal(verdict.vdso?.start, 0x7f9a7b218000n);
  assert.equal(verdict.hint, undefined);
});

test('two mappings that CRIU took for the vDSO are no torn reading of maps, nor is its check by name known', async (context) => {
  const { verdict } = await changed(context, 'symtable-check-copy-at-old-address', remove(/^dump\.log$/));
  const codes = verdict.findings.map(({ code }) => code);
  assert.ok(codes.includes('vdso-unclear') && codes.includes('image-with-several-vdsos'), codes.join(' '));
  assert.ok(!codes.includes('torn-read') && !codes.includes('hint-policy-wrong'), codes.join(' '));
  assert.equal(verdict.policies.hint.decision, undefined);
});

/** An image without its dump.log, as the same process would be in it with another vDSO area. */
const areaAtAuxv = async (context: TestContext, prot: number, status: number): Promise<Judged> => {
  const root = testFolder(context);
  const plain = status === PLAIN_STATUS;
  writeImages(root, {
    pid: 5,
    vmas: [
      { start: 0x7000n, end: 0x9000n, prot: 1, flags: 0x22, status: VVAR_STATUS },
      { start: 0x9000n, end: 0xb000n, prot, flags: 0x22, status },
    ],
    auxv: [33n, 0x9000n, 0n, 0n],
    pagemap: plain ? [] : [{ vaddr: 0x9000n, compatNrPages: 2, flags: 4 }],
    pages: plain ? Buffer.alloc(0) : Buffer.alloc(0x2000, 0xcc),
  });
  const outcome = await readPostMortem(root, { pristine: async () => pristine });
  assert.ok(outcome.ok);
  return first(outcome.value);
};

test('without dump.log: memory at the auxv address of which no page was dumped may be the vDSO or not', async (context) => {
  for (const prot of [0, 1, 4, 5]) {
    const judged = await areaAtAuxv(context, prot, PLAIN_STATUS);
    assert.equal(judged.verdict.vdso, undefined, `prot ${prot}`);
    assert.deepEqual(judged.verdict.mappings, []);
    const codes = codesOf(judged);
    for (const code of ['vdso-unmapped', 'decoy-at-auxv', 'hint-lost', 'image-mishinted'])
      assert.ok(!codes.includes(code), `prot ${prot}: ${code}`);
    assert.equal(judged.forecast?.restore, 'fail');
  }
});

test('without dump.log: what CRIU took and is no ELF may be the vDSO that somebody wrote over', async (context) => {
  const judged = await areaAtAuxv(context, 5, VDSO_STATUS);
  assert.equal(judged.verdict.vdso, undefined);
  assert.ok(!codesOf(judged).includes('image-took-decoy'));
  assert.equal(judged.forecast?.restore, 'fail');
});

/** The same log, with lines before its end. */
const withLine = (name: string, file: string, line: string, end: string) => (path: string) => {
  const text = readFileSync(join(path, file), 'latin1');
  assert.ok(text.includes(end), name);
  writeFileSync(join(path, file), `${text.slice(0, text.lastIndexOf('(', text.indexOf(end)))}${line}\n`, 'latin1');
};

test('a forged mark beside the vDSO loses a page, not the vDSO', async (context) => {
  const judged = await changed(
    context,
    'moved-block',
    withLine(
      'moved-block',
      'dump.log',
      '(00.090000) vdso: vdso: Found marked at 7f0d096d9000 (orig vDSO at 123000 VVAR at ffffffffffffffff)',
      'Dumping finished successfully',
    ),
  );
  assert.ok(!codesOf(judged).includes('image-lost-proxy'));
});

test('a dump.log that lists no mappings, as before CRIU 3.19, leaves open whether what begins with a mark was lost', async (context) => {
  const found = '(00.090000) vdso: vdso: Found marked at 7f0d00000000 (orig vDSO at 123000 VVAR at ffffffffffffffff)';
  const end = 'Dumping finished successfully';
  const unlisted = withLine('moved-block', 'dump.log', found, end);
  assert.equal((await changed(context, 'moved-block', unlisted)).forecast?.loss, undefined);
  const named = `${found}\n(00.090001) vdso: vdso: Restore orig vDSO status at 123000`;
  const real = await changed(context, 'moved-block', withLine('moved-block', 'dump.log', named, end));
  assert.deepEqual(real.forecast?.loss, [], 'a mark whose proxy is there is a real one');
});

test('a restore that failed for any reason is not well, and is not told as one that worked', async (context) => {
  const judged = await changed(
    context,
    'moved-block',
    withLine(
      'moved-block',
      'restore.log',
      "(00.100000) Error (criu/cr-restore.c:1237): Can't fork for 5: File exists\n(00.100001) Error (criu/cr-restore.c:2331): Restoring FAILED.",
      'Restore finished successfully',
    ),
  );
  const failed = judged.verdict.findings.find(({ code }) => code === 'restore-failed');
  assert.match(failed?.text ?? '', /File exists/);
  assert.ok(!codesOf(judged).includes('restored-in-place'));
});

test('a dump that another task stopped leaves nothing to restore, whatever was written of this one', async (context) => {
  const judged = await changed(context, 'moved-block', (path) => {
    remove(/^(pstree|inventory)\.img$/)(path);
    withLine(
      'moved-block',
      'dump.log',
      "(00.100000) Error (criu/sk-unix.c:1): sk unix: Can't dump half of stream\n(00.1) Error (criu/cr-dump.c:2128): Dumping FAILED.".replace(
        '00.1)',
        '00.100001)',
      ),
      'Dumping finished successfully',
    )(path);
  });
  assert.equal(judged.forecast?.dump, 'fail');
  assert.equal(judged.forecast?.restore, null);
  assert.match(judged.verdict.findings.find(({ code }) => code === 'log-error')?.text ?? '', /half of stream/);
});

test('pages that a restore with --auto-dedup took out of the image say nothing of the vDSO, and fail the next restore', async (context) => {
  const judged = await changed(context, 'moved-block', (path) => {
    const { size } = statSync(join(path, 'pages-1.img'));
    writeFileSync(join(path, 'pages-1.img'), Buffer.alloc(size));
  });
  const codes = codesOf(judged);
  assert.ok(codes.includes('image-vdso-unreadable') && !codes.includes('symtable-policy-wrong'), codes.join(' '));
  assert.match(judged.verdict.findings.find(({ code }) => code === 'image-vdso-unreadable')?.text ?? '', /auto-dedup/);
  assert.equal(judged.verdict.vdso?.modifiedPages, undefined);
  assert.equal(judged.forecast?.restore, 'fail');
});

test('the other tasks of a tree are not dumped either when CRIU exits over a parasite that died', async (context) => {
  const judged = await changed(context, 'moved-block', (path) => {
    remove(/^(pstree|inventory)\.img$/)(path);
    withLine(
      'moved-block',
      'dump.log',
      '(00.100000) Dumping task (pid: 9 comm: x)\n(00.100001) Error (criu/parasite-syscall.c:94): 9 was stopped by 11 unexpectedly',
      'Dumping finished successfully',
    )(path);
  });
  assert.equal(judged.forecast?.dump, 'fail');
});

test('the forecast says the same in its findings where a thread undoes the restore', async (context) => {
  const root = testFolder(context);
  writeImages(root, {
    pid: 5,
    ip: 0xdead000n,
    vmas: [
      { start: 0x7000n, end: 0x9000n, prot: 1, flags: 0x22, status: VVAR_STATUS },
      { start: 0x9000n, end: 0xb000n, prot: 5, flags: 0x22, status: VDSO_STATUS },
    ],
    auxv: [33n, 0x9000n, 0n, 0n],
  });
  const outcome = await readPostMortem(root);
  assert.ok(outcome.ok);
  const { forecast } = first(outcome.value);
  assert.equal(forecast?.restore, 'crash');
  assert.deepEqual(
    forecast.findings.map(({ code }) => code),
    ['restore-crashes'],
  );
});

test('an old kernel may have called anything [vdso]: an image without its dump.log does not tell', async (context) => {
  const root = testFolder(context);
  const area = (start: bigint, status: number, prot: number) => ({
    start,
    end: start + 0x2000n,
    prot,
    flags: 0x22,
    status,
  });
  writeImages(root, {
    pid: 5,
    // Linux 3.10: no vvar.
    vmas: [area(0x20000n, VDSO_STATUS, 5), area(0x40000n, PLAIN_STATUS, 3)],
    auxv: [33n, 0x40000n, 0n, 0n],
    pagemap: [{ vaddr: 0x40000n, compatNrPages: 2, flags: 4 }],
    pages: Buffer.alloc(0x2000, 1),
  });
  const outcome = await readPostMortem(root);
  assert.ok(outcome.ok);
  const { verdict } = first(outcome.value);
  assert.equal(verdict.vdso?.start, 0x20000n);
  assert.equal(verdict.hint, undefined);
});

test('a vDSO without vvar is well where the kernel maps none, and what cannot be known is no error', async (context) => {
  const without = await changed(context, 'vvar-unmapped-vdso-kept', () => {});
  const told = (judged: Judged) => judged.verdict.findings.find(({ code }) => code === 'image-without-vvar');
  assert.equal(told(without)?.severity, 'error');
  const old = await changed(context, 'vvar-unmapped-vdso-kept', (path) => {
    const log = readFileSync(join(path, 'dump.log'), 'latin1');
    writeFileSync(join(path, 'dump.log'), log.replaceAll('Linux 6.18.44-fc-v669', 'Linux 3.10.0-1160.el7'), 'latin1');
  });
  assert.equal(old.evidence.host.release, '3.10.0-1160.el7');
  assert.equal(told(old), undefined);
  const unknown = await changed(context, 'vvar-unmapped-vdso-kept', remove(/^core-|\.log$/));
  assert.equal(told(unknown)?.severity, 'warning');
});

test('a CRIU that does not start on that kernel restores no image of it there', async () => {
  for (const [criu, restore] of [
    ['3.17.1', null],
    ['4.1', 'in-place'],
  ] as const) {
    const outcome = await readPostMortem(join(corpus, 'moved-block/img'), { criu, pristine: async () => pristine });
    assert.ok(outcome.ok);
    const { forecast } = first(outcome.value);
    assert.equal(forecast?.restore, restore);
    assert.equal(forecast.findings[0]?.code, restore === null ? 'criu-cannot-run' : 'restore-in-place');
  }
});

test('a proxy of that very kernel is told from one of another only where the release shows its patch level', async (context) => {
  const restoreOn = async (release: string) => {
    const { forecast } = await changed(context, 'criu-proxied-dumped-again', (path) => {
      const log = join(path, 'dump.log');
      writeFileSync(log, readFileSync(log, 'latin1').replace('6.18.44-fc-v669', release), 'latin1');
    });
    return forecast?.restore;
  };
  assert.equal(await restoreOn('6.18.44-other'), 'in-place');
  assert.equal(await restoreOn('6.19.1'), 'proxy');
  assert.equal(await restoreOn('6.18.0-1-amd64'), undefined);
});

test('a vDSO that is more or less than the whole image of its kernel gets a proxy', async (context) => {
  const vdso = bytesOf('plain-shell-loop/bundle/22379/mem/7fa9e8d42000.bin');
  assert.equal(vdso.length, 0x2000);
  for (const [pages, restore] of [
    [1, 'proxy'],
    [2, 'in-place'],
    [3, 'proxy'],
  ] as const) {
    const root = testFolder(context);
    const start = 0x20000n;
    writeImages(root, {
      pid: 5,
      ip: start,
      vmas: [
        { start: start - 0x6000n, end: start, prot: 1, flags: 0x22, status: VVAR_STATUS },
        { start, end: start + BigInt(pages * 0x1000), prot: 5, flags: 0x22, status: VDSO_STATUS },
      ],
      auxv: [33n, start, 0n, 0n],
      pagemap: [{ vaddr: start, compatNrPages: pages, flags: 4 }],
      pages: Buffer.concat([vdso, Buffer.alloc(0x1000)]).subarray(0, pages * 0x1000),
    });
    const outcome = await readPostMortem(root);
    assert.ok(outcome.ok);
    assert.equal(first(outcome.value).forecast?.restore, restore, `${pages} pages`);
  }
});

test('a dump whose log ends well is not said to have stopped, though its pstree.img is missing', async (context) => {
  const path = join(testFolder(context), 'img');
  cpSync(join(corpus, 'moved-block/img'), path, { recursive: true });
  rmSync(join(path, 'pstree.img'));
  const outcome = await readPostMortem(path);
  assert.ok(outcome.ok);
  assert.match(outcome.value.problems.map(({ text }) => text).join(), /no pstree\.img, and its dump\.log says/);
  assert.doesNotMatch(outcome.value.problems.map(({ text }) => text).join(), /the dump stopped/);
});

test('a vDSO that cannot be executed is passed over without the line CRIU prints for its check', async () => {
  const pfn = first(await examine('pfn-check-cow-both-pages')).verdict.findings;
  assert.match(pfn.find(({ code }) => code === 'image-mishinted')?.criuMessage ?? '', /Drop mishinted/);
});

test('a vDSO without vvar is not put back in place for want of knowing what that machine has', async (context) => {
  const { forecast } = await changed(context, 'vvar-unmapped-vdso-kept', remove(/^core-|\.log$/));
  assert.ok(forecast !== undefined);
  assert.equal(forecast.restore, undefined);
});

test('code that another CPU was given by the same kernel is not told as written', async () => {
  const i386 = bytesOf('ia32-clock-loop/bundle/4266/mem/f7fc1000.bin');
  const other = Buffer.from(i386);
  // __kernel_vsyscall: mov %esp,%ebp; sysenter on Intel, mov %ecx,%ebp; syscall on AMD.
  assert.equal(other.toString('hex', 0x5e3, 0x5e7), '89cd0f05');
  other.write('89e50f34', 0x5e3, 'hex');
  const images = join(corpus, 'ia32-clock-loop', 'img');
  const outcome = await readPostMortem(images, { pristine: async () => [{ bytes: other, from: 'an Intel CPU' }] });
  assert.ok(outcome.ok);
  const { verdict, forecast } = first(outcome.value);
  assert.deepEqual(verdict.vdso?.modifiedPages, []);
  assert.equal(forecast?.restore, 'in-place');
  assert.ok(verdict.findings.every(({ code }) => code !== 'image-vdso-changed'));

  const written = Buffer.from(i386);
  written.write('cc', 0x5e7, 'hex');
  const beside = await readPostMortem(images, { pristine: async () => [{ bytes: written, from: 'a changed one' }] });
  assert.ok(beside.ok);
  assert.deepEqual(first(beside.value).verdict.vdso?.modifiedPages, [0], 'a byte beside it does count');
});

test('a vDSO whose bytes are no ELF cannot be restored', async (context) => {
  const root = testFolder(context);
  writeImages(root, {
    pid: 5,
    vmas: [
      { start: 0x8000n, end: 0xe000n, prot: 1, flags: 0x22, status: VVAR_STATUS },
      { start: 0xe000n, end: 0x10000n, prot: 5, flags: 0x22, status: VDSO_STATUS },
    ],
    pagemap: [{ vaddr: 0xe000n, compatNrPages: 2, flags: 4 }],
    pages: Buffer.alloc(0x2000, 0x90),
  });
  const outcome = await readPostMortem(root);
  assert.ok(outcome.ok);
  const judged = first(outcome.value);
  assert.ok(codesOf(judged).includes('image-vdso-unreadable'));
  assert.equal(judged.forecast?.restore, 'fail');
});

test('an mm image without pages does not tell a vDSO from the proxy of an earlier restore', async (context) => {
  for (const name of ['criu-proxied-dumped-again', 'moved-block']) {
    const path = testFolder(context);
    for (const file of readdirSync(join(corpus, name, 'img')).filter((one) => one.startsWith('mm-')))
      cpSync(join(corpus, name, 'img', file), join(path, file));
    const outcome = await readPostMortem(path);
    assert.ok(outcome.ok);
    const { verdict } = first(outcome.value);
    assert.deepEqual(
      verdict.mappings.map(({ confidence }) => confidence),
      ['unknown'],
    );
    assert.equal(verdict.confidence, 'unknown');
    const missing = verdict.findings.find(({ code }) => code === 'image-vdso-pages-missing');
    assert.match(missing?.text ?? '', /cannot be told whether it is the proxy of an earlier restore\.$/);
  }
});
