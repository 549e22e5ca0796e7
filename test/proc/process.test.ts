import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT_SYSINFO_EHDR } from '../../src/model/evidence.js';
import { readProcess } from '../../src/proc/process.js';
import { type Answer, auxvOf, block, FILE_LINE, madeUpProc, mapsLine, pagemapOf, statLine } from './made-up-proc.js';

const VDSO = 0x7f0d096d3000;
const PAGE = VDSO / 4096;
const CLEAN = 0xa000000000002861n;
const COPIED = 0x8100000000012345n;

const ordinary = (more: Readonly<Record<string, Answer>> = {}): Readonly<Record<string, Answer>> => ({
  '/proc/7/stat': statLine(7),
  '/proc/7/maps': FILE_LINE + block(VDSO),
  '/proc/7/auxv': auxvOf([AT_SYSINFO_EHDR, VDSO], [6, 4096]),
  '/proc/7/ns/uts': 'uts:[4026531838]',
  '/proc/7/ns/time': 'time:[4026531834]',
  ...more,
});
const zeros = (target: Uint8Array): number => target.length;
const clean = { '/proc/7/mem': zeros, '/proc/7/pagemap': pagemapOf(new Map([[PAGE, CLEAN]])) };

describe('an ordinary process', () => {
  test('is read once, and only its block is kept', () => {
    const { proc, reads } = madeUpProc(ordinary(), clean);
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.onlyBlock, true);
    assert.deepEqual(
      evidence.vmas?.map(({ name }) => name),
      ['[vvar]', '[vvar_vclock]', '[vdso]'],
    );
    assert.deepEqual([...(evidence.pagemap.get(BigInt(VDSO)) ?? [])], [CLEAN, 0n]);
    assert.equal(evidence.auxv?.entries.get(AT_SYSINFO_EHDR), BigInt(VDSO));
    assert.equal(evidence.namespaces.get('uts'), 4026531838n);
    assert.equal(evidence.process.comm, 'sleep');
    assert.equal(evidence.process.startTicks, 734n);
    assert.deepEqual(evidence.unread, []);
    assert.equal(reads.get('/proc/7/maps'), 1);
    assert.equal(reads.get('/proc/7/mem'), undefined);
  });

  test('in full has every line, smaps, status and arguments', () => {
    const smaps = (FILE_LINE + block(VDSO)).replaceAll('\n', '\nRss:   4 kB\nAnonymous:  0 kB\nVmFlags: rd ex \n');
    const { proc } = madeUpProc(
      ordinary({
        '/proc/7/smaps': smaps,
        '/proc/7/status': 'Name:\tsleep\nPPid:\t1\nTracerPid:\t3\nUid:\t1000\t0\t0\t0\n',
        '/proc/7/cmdline': 'sleep\u00001\u0000',
      }),
      clean,
    );
    const evidence = readProcess(7, 'full', { proc });
    assert.equal(evidence.vmas?.length, 4);
    assert.equal(evidence.smaps?.get(BigInt(VDSO))?.rss, 4);
    assert.equal(evidence.process.tracer, 3);
    assert.equal(evidence.process.uid, 1000);
    assert.deepEqual(evidence.process.cmdline, ['sleep', '1']);
    assert.ok(evidence.pagemap.has(BigInt(VDSO - 6 * 4096)), 'the frames of vvar are looked at, where they show');
  });

  test('shows the same when its pages were used meanwhile: frames age by themselves', () => {
    const shown = (flags: bigint): unknown => {
      const frames = (target: Uint8Array): number => {
        new DataView(target.buffer, target.byteOffset).setBigUint64(0, flags, true);
        return target.length;
      };
      const { proc } = madeUpProc(ordinary(), { ...clean, '/proc/kpageflags': frames });
      return readProcess(7, 'full', { proc: { ...proc, privileged: true } }).kpageflags;
    };
    const [unused, referenced, active] = [0x100000800n, 0x100000804n, 0x102000840n].map(shown);
    assert.deepEqual(referenced, unused);
    assert.deepEqual(active, unused);
    assert.notDeepEqual(shown(0x100001800n), unused, 'KPF_ANON lasts');
  });
});

describe('what is out of the ordinary', () => {
  const moved = 0x7e0000003000;
  const pictures: readonly (readonly [string, string])[] = [
    ['moved away', FILE_LINE + mapsLine(moved, 2, 'r-xp', '[vdso]') + block(VDSO).split('\n').slice(0, 2).join('\n')],
    ['unmapped', FILE_LINE],
    ['with a file of that name', `${FILE_LINE}${block(VDSO)}7f0d0a000000-7f0d0a001000 r--p 0 fe:00 9 /tmp/x [vdso]\n`],
    ['with a second [vvar]', block(VDSO) + mapsLine(0x7fff00000000, 1, 'r--p', '[vvar]')],
    ['with an [uprobes] area', block(VDSO) + mapsLine(0x7fffffffe000, 1, '--xp', '[uprobes]')],
    ['writable', FILE_LINE + block(VDSO).replace('r-xp', 'rwxp')],
    ['with [vvar] after it', mapsLine(VDSO, 2, 'r-xp', '[vdso]') + mapsLine(VDSO + 8192, 2, 'r--p', '[vvar]')],
    ['torn from its data', block(VDSO).replace('7f0d096d1000-', '7f0d096d2000-')],
  ];
  for (const [title, maps] of pictures)
    test(`${title}: every line is kept, and was read more than once`, () => {
      const { proc, reads } = madeUpProc(ordinary({ '/proc/7/maps': maps }), clean);
      const evidence = readProcess(7, 'census', { proc });
      assert.equal(evidence.onlyBlock, undefined);
      assert.equal(evidence.vmas?.length, maps.trimEnd().split('\n').length);
      assert.ok((reads.get('/proc/7/maps') ?? 0) >= 3);
    });

  test('a copied page is read again, with the bytes of the pages that are present', () => {
    const words = { '/proc/7/pagemap': pagemapOf(new Map([[PAGE, COPIED]])) };
    const { proc } = madeUpProc(ordinary(), { ...clean, ...words });
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.length, 4);
    assert.equal(evidence.bytes.get(BigInt(VDSO))?.length, 4096);
    assert.equal(evidence.faultedPages, false);
  });

  test('bytes on demand are read whole, and say that pages were faulted in', () => {
    const { proc } = madeUpProc(ordinary(), clean);
    const evidence = readProcess(7, 'census', { proc, bytes: true });
    assert.equal(evidence.bytes.get(BigInt(VDSO))?.length, 8192);
    assert.equal(evidence.faultedPages, true);
    assert.deepEqual([...evidence.bytes.keys()], [BigInt(VDSO)], 'never the data pages');
  });

  test('an auxv that names another place', () => {
    const { proc } = madeUpProc(ordinary({ '/proc/7/auxv': auxvOf([AT_SYSINFO_EHDR, 0x1000]) }), clean);
    assert.equal(readProcess(7, 'census', { proc }).vmas?.length, 4);
  });
});

describe('torn reads', () => {
  const away = 0x7e0000003000;
  const here = FILE_LINE + block(VDSO);
  const there = FILE_LINE + mapsLine(away, 2, 'r-xp', '[vdso]') + block(VDSO).split('\n').slice(0, 2).join('\n');
  const none = FILE_LINE + block(VDSO).split('\n').slice(0, 2).join('\n');
  const twice = here + mapsLine(0x7f0e00000000, 2, 'r-xp', '[vdso]');
  const inTurn = (texts: readonly string[]) => {
    let turn = 0;
    return () => texts[Math.min(turn++, texts.length - 1)] ?? '';
  };

  test('none, then twice, then one for good: one', () => {
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': inTurn([none, twice, none, here]) }), clean);
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.filter(({ name }) => name === '[vdso]').length, 1);
    assert.deepEqual(evidence.unread, []);
  });

  test('none a few times in a row is not yet none', () => {
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': inTurn([none, none, none, none, none, here]) }), clean);
    assert.equal(
      readProcess(7, 'census', { proc }).vmas?.some(({ name }) => name === '[vdso]'),
      true,
    );
  });

  test('none for good: none', () => {
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': none }), clean);
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.length, 3);
    assert.deepEqual(evidence.unread, []);
  });

  test('never the same twice: nothing is claimed', () => {
    let turn = 0;
    const storm = () => [there, none, twice, here.replace('7f0d096d3000-', '7f0d096d4000-')][turn++ % 4] ?? '';
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': storm }), clean);
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas, undefined);
    assert.equal(evidence.unread[0]?.why, 'torn');
  });

  test('moved between maps and pagemap: all is read anew', () => {
    let turn = 0;
    // Ordinary look, two that agree, then the move; what follows agrees with itself.
    const maps = () => (turn++ < 3 ? here : there);
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': maps }), {
      '/proc/7/pagemap': pagemapOf(
        new Map([
          [PAGE, COPIED],
          [away / 4096, CLEAN],
        ]),
      ),
    });
    const evidence = readProcess(7, 'census', { proc });
    const vdso = evidence.vmas?.find(({ name }) => name === '[vdso]');
    assert.equal(vdso?.start, BigInt(away));
    assert.equal(evidence.pagemap.get(BigInt(away))?.[0], CLEAN);
  });

  test('another process under the same pid: all is read anew', () => {
    let turn = 0;
    const stat = () => statLine(7, 'sleep', 'S', 0, turn++ < 2 ? 700 : 900);
    const { proc } = madeUpProc(ordinary({ '/proc/7/stat': stat, '/proc/7/maps': FILE_LINE }), clean);
    assert.equal(readProcess(7, 'census', { proc }).process.startTicks, 900n);
  });
});

describe('an exec that is still going on', () => {
  const stack = mapsLine(0x7fff29847000, 33, 'rw-p', '[stack]');
  const nothing = auxvOf();
  const before = statLine(7).replace(/ 1 0 0 0\n$/, ' 1 18446744073709551615 0 0\n');
  const begun = statLine(7).replace(/ 1 0 0 0\n$/, ' 1 18446744073709551615 94442042843136 0\n');

  test('is no process without a vDSO', () => {
    const { proc } = madeUpProc(
      ordinary({ '/proc/7/stat': before, '/proc/7/maps': stack, '/proc/7/auxv': nothing }),
      clean,
    );
    for (const depth of ['census', 'full'] as const) {
      const evidence = readProcess(7, depth, { proc });
      assert.equal(evidence.vmas, undefined);
      assert.deepEqual(evidence.unread, [{ what: 'maps', why: 'torn', detail: 'it is in the middle of an exec' }]);
    }
  });

  test('that ends after the first looks: the program is read', () => {
    // One quick look, ten that agree, and the program is there.
    const inTurn = <T>(first: T, then: T, times: number) => {
      let turn = 0;
      return () => (turn++ < times ? first : then);
    };
    const { proc } = madeUpProc(
      ordinary({
        '/proc/7/stat': begun,
        '/proc/7/maps': inTurn(stack, FILE_LINE + block(VDSO), 11),
        '/proc/7/auxv': inTurn(nothing, auxvOf([AT_SYSINFO_EHDR, VDSO], [6, 4096]), 10),
      }),
      clean,
    );
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.filter(({ name }) => name === '[vdso]').length, 1);
    assert.equal(evidence.auxv?.entries.get(AT_SYSINFO_EHDR), BigInt(VDSO));
  });

  test('is not what a program is in that emptied its auxv and unmapped its vDSO', () => {
    const { proc } = madeUpProc(
      ordinary({ '/proc/7/stat': begun, '/proc/7/maps': FILE_LINE + stack, '/proc/7/auxv': nothing }),
      clean,
    );
    assert.equal(readProcess(7, 'census', { proc }).vmas?.length, 2);
  });
});

describe('no memory, no permission, no process', () => {
  test('a kernel thread', () => {
    const { proc, reads } = madeUpProc({ '/proc/7/stat': statLine(7, 'kworker/0:1-events', 'I', 0x200040) });
    const evidence = readProcess(7, 'full', { proc });
    assert.deepEqual(evidence.vmas, []);
    assert.equal(evidence.process.kernelThread, true);
    assert.equal(reads.get('/proc/7/maps'), undefined);
  });

  test('a zombie', () => {
    const { proc } = madeUpProc({
      '/proc/7/stat': statLine(7, 'x', 'Z'),
      '/proc/7/task/7/stat': '',
      '/proc/7/maps': '',
    });
    const evidence = readProcess(7, 'census', { proc });
    assert.deepEqual(evidence.vmas, []);
    assert.equal(evidence.process.state, 'Z');
    assert.deepEqual(evidence.unread, []);
  });

  test('a main thread that has ended while another lives', () => {
    const answers = ordinary();
    const moved = Object.fromEntries(
      Object.entries(answers).map(([path, answer]) => [path.replace('/proc/7/', '/proc/7/task/9/'), answer]),
    );
    const { proc } = madeUpProc(
      { ...moved, '/proc/7/stat': statLine(7, 'x', 'Z'), '/proc/7/maps': '' },
      { '/proc/7/task/9/pagemap': pagemapOf(new Map([[PAGE, CLEAN]])) },
    );
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.length, 4);
    assert.equal(evidence.pagemap.get(BigInt(VDSO))?.[0], CLEAN);
    assert.equal(evidence.process.state, 'S', 'of the thread that has the memory: it is no zombie');
    assert.equal(evidence.process.mainThreadEnded, true);
  });

  test('gone before it could be read', () => {
    const evidence = readProcess(7, 'census', { proc: madeUpProc({}).proc });
    assert.equal(evidence.vmas, undefined);
    assert.deepEqual(evidence.unread, [{ what: 'stat', why: 'gone', detail: 'ENOENT' }]);
  });

  test('gone while it was read', () => {
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': { code: 'ESRCH' } }));
    const evidence = readProcess(7, 'full', { proc });
    assert.equal(evidence.process.comm, 'sleep');
    assert.deepEqual(evidence.unread, [{ what: 'maps', why: 'gone', detail: 'ESRCH' }]);
  });

  test('ends as a zombie while it is read', () => {
    let turn = 0;
    const stat = () => statLine(7, 'x', turn++ < 2 ? 'R' : 'Z');
    const { proc } = madeUpProc(ordinary({ '/proc/7/stat': stat, '/proc/7/maps': '' }));
    const evidence = readProcess(7, 'census', { proc });
    assert.deepEqual(evidence.vmas, []);
    assert.equal(evidence.process.state, 'Z');
  });

  test('somebody else’s', () => {
    const denied = { code: 'EACCES' };
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': denied, '/proc/7/auxv': denied }));
    for (const depth of ['census', 'full'] as const) {
      const evidence = readProcess(7, depth, { proc });
      assert.equal(evidence.vmas, undefined);
      assert.equal(evidence.process.comm, 'sleep');
      assert.ok(evidence.unread.some(({ what, why }) => what === 'maps' && why === 'denied'));
    }
  });

  test('a kernel without pagemap', () => {
    const { proc } = madeUpProc(ordinary());
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.length, 4);
    assert.equal(evidence.pagemap.size, 0);
    assert.ok(evidence.unread.some(({ what, why }) => what === 'pagemap' && why === 'absent'));
  });

  test('lines no kernel prints are said, the others kept', () => {
    const { proc } = madeUpProc(ordinary({ '/proc/7/maps': `rubbish\n${FILE_LINE}` }), clean);
    const evidence = readProcess(7, 'census', { proc });
    assert.equal(evidence.vmas?.length, 1);
    assert.ok(evidence.unread.some(({ what, why }) => what === 'maps' && why === 'bad'));
  });

  test('a stat that is none', () => {
    const { proc } = madeUpProc({ '/proc/7/stat': 'rubbish' });
    assert.equal(readProcess(7, 'census', { proc }).unread[0]?.why, 'bad');
  });
});
