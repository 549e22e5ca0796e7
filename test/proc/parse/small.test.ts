import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AT_SYSINFO_EHDR } from '../../../src/model/evidence.js';
import { parseAuxv } from '../../../src/proc/parse/auxv.js';
import { parseCmdline, parseComm, parseNamespaceLink } from '../../../src/proc/parse/small.js';
import { parseSmaps } from '../../../src/proc/parse/smaps.js';
import { parseStat } from '../../../src/proc/parse/stat.js';
import { insidePid, parseStatus } from '../../../src/proc/parse/status.js';
import { fuzzRuns } from '../../fuzz-runs.js';

const HEADER = '7f314c16d000-7f314c16f000 rwxp 00000000 00:00 0                          [vdso]';

test('smaps: values, flags, and a header that stands alone', () => {
  const { entries, vmas, faults } = parseSmaps(
    `1000-2000 r--p 00000000 00:00 0 \n${HEADER}\nSize:                  8 kB\nRss:                   8 kB\n` +
      'Shared_Clean:          4 kB\nAnonymous:             4 kB\nTHPeligible:           0\n' +
      'VmFlags: rd wr ex mr mw me de ac \n8000-9000 r--p 00000000 00:00 0 \n',
  );
  assert.equal(vmas.length, 3);
  assert.deepEqual(faults, []);
  assert.deepEqual([...entries.keys()], [0x7f314c16d000n]);
  const entry = entries.get(0x7f314c16d000n);
  assert.equal(entry?.anonymous, 4);
  assert.equal(entry?.sharedClean, 4);
  assert.equal(entry?.swap, undefined);
  assert.deepEqual([...(entry?.flags ?? [])], ['rd', 'wr', 'ex', 'mr', 'mw', 'me', 'de', 'ac']);
});

test('smaps: a value that is no number of kB is not known, and stray lines are faults', () => {
  const { entries, faults } = parseSmaps(`Rss: 4 kB\n${HEADER}\nRss: lots\nAnonymous: 4 MB\n???\n`);
  const entry = entries.get(0x7f314c16d000n);
  assert.ok(entry !== undefined, 'its header is good');
  assert.deepEqual([entry.rss, entry.anonymous], [undefined, undefined]);
  assert.deepEqual(
    faults.map(({ line }) => line),
    [1, 5],
  );
});

const auxvBytes = (pairs: readonly (readonly [number, bigint])[], wordSize: 4 | 8, littleEndian: boolean) => {
  const view = new DataView(new ArrayBuffer(pairs.length * 2 * wordSize));
  for (const [index, [type, value]] of pairs.entries())
    for (const [half, word] of [BigInt(type), value].entries())
      if (wordSize === 8) view.setBigUint64((2 * index + half) * 8, word, littleEndian);
      else view.setUint32((2 * index + half) * 4, Number(word), littleEndian);
  return new Uint8Array(view.buffer);
};

test('auxv: word size and byte order are found', () => {
  for (const wordSize of [4, 8] as const)
    for (const littleEndian of [true, false]) {
      const vdso = wordSize === 8 ? 0x7fffb9fed000n : 0xf7f8b000n;
      const pairs = [
        [AT_SYSINFO_EHDR, vdso],
        [16, 0xbfebfbffn],
        [6, 4096n],
        [17, 100n],
        [0, 0n],
      ] as const;
      for (const some of [pairs, [pairs[0], pairs[4]] as const, [pairs[0]] as const]) {
        const auxv = parseAuxv(auxvBytes(some, wordSize, littleEndian));
        assert.equal(auxv?.wordSize, wordSize);
        assert.equal(auxv?.littleEndian, littleEndian);
        assert.equal(auxv?.entries.get(AT_SYSINFO_EHDR), vdso);
      }
    }
});

test('auxv: powerpc ignores a type of its own, several times over', () => {
  const pairs = [
    [22, 22n],
    [22, 22n],
    [19, 0x80n],
    [AT_SYSINFO_EHDR, 0x7fff_8053_0000n],
    [6, 65536n],
    [0, 0n],
  ] as const;
  for (const [wordSize, littleEndian] of [
    [8, true],
    [8, false],
  ] as const)
    assert.equal(parseAuxv(auxvBytes(pairs, wordSize, littleEndian))?.entries.get(AT_SYSINFO_EHDR), 0x7fff_8053_0000n);
});

test('auxv: what no kernel writes is not an auxv', () => {
  assert.equal(parseAuxv(new Uint8Array(0)), undefined);
  assert.equal(parseAuxv(new Uint8Array(64)), undefined);
  assert.equal(parseAuxv(new Uint8Array(64).fill(0xff)), undefined);
  assert.equal(parseAuxv(new Uint8Array(1 << 20)), undefined);
  assert.equal(parseAuxv(Buffer.from('not an auxiliary vector at all, just text')), undefined);
});

test('stat: a comm with brackets, blanks and newlines', () => {
  const rest =
    'S 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 4096000 100 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0';
  const stat = parseStat(`77 (a) S 2 (\nb) ${rest}\n`);
  assert.equal(stat?.comm, 'a) S 2 (\nb');
  assert.equal(stat?.parent, 1);
  assert.equal(stat?.startTicks, 12345n);
  assert.equal(stat?.kernelThread, false);
  assert.equal(parseStat('2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0')?.kernelThread, true);
  for (const bad of ['', '77', '77 (x', '77 (x) ', 'x (y) S 1', `${rest}`]) assert.equal(parseStat(bad), undefined);
});

test('status, namespace links, comm and cmdline', () => {
  const status = parseStatus(
    'Name:\tx\nPPid:\t3\nTracerPid:\t9\nUid:\t1000\t0\t0\t0\nNSpid:\t77\t1\nVmSize:\t  4 kB\n',
  );
  assert.deepEqual(status, { tracer: 9, uid: 1000, parent: 3, namespacePids: [77, 1], hasMemory: true });
  assert.equal(parseStatus('').hasMemory, false);
  assert.deepEqual(parseNamespaceLink('uts:[4026531838]\n'), { type: 'uts', inode: 4026531838n });
  assert.equal(parseNamespaceLink('uts:[x]'), undefined);
  assert.equal(parseComm('a\nb\n'), 'a\nb');
  assert.deepEqual(parseCmdline('sh\0-c\0\0'), ['sh', '-c', '']);
  assert.deepEqual(parseCmdline(''), []);
});

test('only a process of a pid namespace below ours has another number inside', () => {
  const inside = (lines: string) => insidePid(parseStatus(`Name:\tx\n${lines}`)).insidePid;
  assert.equal(inside('NSpid:\t70\t1\n'), 1);
  assert.equal(inside('NSpid:\t70\t9\t3\n'), 3);
  assert.equal(inside('NSpid:\t70\n'), undefined);
  assert.equal(inside('Pid:\t70\n'), undefined, 'before 4.1');
});

test('any bytes at all: no parser throws', () => {
  const text = fc.string({ unit: 'binary-ascii', maxLength: 300 });
  // Types that the kernel has, with any values; the end may be missing.
  const vector = fc
    .array(fc.tuple(fc.constantFrom(0n, 1n, 3n, 6n, 33n), fc.constantFrom(0n, 1n, 4096n, 0x7f1000006000n)))
    .map((pairs) => new Uint8Array(BigUint64Array.from(pairs.flat()).buffer));
  let known = 0;
  fc.assert(
    fc.property(text, fc.oneof(fc.uint8Array({ maxLength: 400 }), vector), (latin1, bytes) => {
      parseSmaps(latin1);
      parseSmaps(`${HEADER}\n${latin1}`);
      parseStat(latin1);
      parseStat(`1 (${latin1}) S 1 1 1`);
      parseStatus(latin1);
      parseNamespaceLink(latin1);
      parseCmdline(latin1);
      const auxv = parseAuxv(bytes);
      if (auxv === undefined) return;
      assert.ok(auxv.entries.size > 0);
      known += 1;
    }),
    { numRuns: fuzzRuns(1000) },
  );
  assert.ok(known > 0, 'no vector among them');
});
