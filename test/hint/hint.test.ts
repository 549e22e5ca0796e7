import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { type CriuHost, erasOn } from '../../src/hint/criu-eras.js';
import { type HintFacts, hintOf } from '../../src/hint/examine.js';
import { judgeMaps, type MremapTest, notRun } from '../../src/hint/mremap-test.js';
import { criuCandidates } from '../../src/hint/pagemap-cost.js';
import { hintReport } from '../../src/hint/report.js';
import { HintJson } from '../../src/hint/schema.js';
import { hintText } from '../../src/hint/table.js';
import { failure } from '../../src/model/failure.js';
import { parseMaps } from '../../src/proc/parse/maps.js';

const FROM = 0x7f0000002000n;
const TO = 0x7f0000009000n;
const line = (start: bigint, rest: string): string =>
  `${start.toString(16)}-${(start + 0x2000n).toString(16)} ${rest}\n`;
const maps = (...lines: readonly string[]) => parseMaps(lines.join('')).vmas;
const NAMED = 'r-xp 00000000 00:00 0                          [vdso]';
const NAMELESS = 'r-xp 00000000 00:00 0 ';

test('kept: the name went along and a stranger did not get it', () => {
  const result = judgeMaps('x86_64', FROM, TO, maps(line(TO, NAMED)), maps(line(FROM, NAMELESS), line(TO, NAMED)));
  assert.equal(result.outcome, 'kept');
  assert.deepEqual(result.evidence, [
    '7f0000009000-7f000000b000 r-xp [vdso]',
    '7f0000002000-7f0000004000 r-xp (no name)',
  ]);
});

test('a kernel before 3.16: lost at the new address, gained at the old one', () => {
  const result = judgeMaps('x86_64', FROM, TO, maps(line(TO, NAMELESS)), maps(line(FROM, NAMED), line(TO, NAMELESS)));
  assert.deepEqual(
    [result.outcome, result.nameFollowed, result.strangerNamed, result.criuSaysReliable],
    ['lost', false, true, false],
  );
});

test('the half that CRIU misses: the name went along, and a stranger has it too', () => {
  const both = maps(line(FROM, NAMED), line(TO, NAMED));
  const result = judgeMaps('x86_64', FROM, TO, maps(line(TO, NAMED)), both);
  assert.deepEqual([result.outcome, result.criuSaysReliable], ['lost', true]);
});

test('a [vdso] elsewhere satisfies CRIU, not this test', () => {
  const elsewhere = maps(line(0x1000n, NAMED), line(TO, NAMELESS));
  const result = judgeMaps('x86_64', FROM, TO, elsewhere, elsewhere);
  assert.deepEqual([result.outcome, result.criuSaysReliable], ['lost', true]);
});

test('a file named [vdso] at either place is no [vdso]', () => {
  const file = 'r-xp 00000000 fe:00 12                         /[vdso]';
  const memfd = 'r-xp 00000000 00:01 99                         [vdso]';
  const result = judgeMaps('x86_64', FROM, TO, maps(line(TO, file)), maps(line(FROM, memfd), line(TO, file)));
  assert.deepEqual([result.nameFollowed, result.strangerNamed], [false, false]);
});

test('the hint of a host is lost where any ABI loses it, and unknown where none was measured', () => {
  const kept = judgeMaps('x86_64', FROM, TO, maps(line(TO, NAMED)), []);
  const lost: MremapTest = { ...kept, abi: 'i386', outcome: 'lost' };
  const none: MremapTest = { abi: 'x32', outcome: 'no-abi', why: '' };
  assert.equal(hintOf([kept, none]), 'kept');
  assert.equal(hintOf([kept, lost]), 'lost');
  assert.equal(hintOf([none]), 'unknown');
  assert.equal(hintOf([]), 'unknown');
});

const OLD: CriuHost = {
  hintReliable: false,
  sealed: false,
  pagemapFull: true,
  hasVclock: false,
  onlyGnuHash: false,
  bigEndian: false,
};
const checks = (host: CriuHost) =>
  erasOn(host).map(({ versions, starts, native, compat }) => [versions, starts, native, compat]);

test('a kernel before 3.16: every CRIU compares frames, or symbols where frames are hidden', () => {
  assert.deepEqual(checks(OLD), [
    ['0.6 - 1.2', true, 'pfn', undefined],
    ['1.3 - 1.8', true, 'pfn', undefined],
    ['2.0 - 2.12', true, 'pfn', undefined],
    ['3.0 - 3.4', true, 'pfn', 'hint'],
    ['3.5 - 4.0', true, 'pfn', 'hint'],
    ['4.1 and later', true, 'pfn', 'hint'],
  ]);
  assert.deepEqual(
    erasOn({ ...OLD, pagemapFull: false }).map(({ native }) => native),
    ['fails', 'fails', 'symtable', 'symtable', 'symtable', 'symtable'],
  );
});

test('3.16 to 6.12: the RFD lets 3.5 and later go by the hint', () => {
  assert.deepEqual(
    erasOn({ ...OLD, hintReliable: true }).map(({ native }) => native),
    ['pfn', 'pfn', 'pfn', 'pfn', 'hint', 'hint'],
  );
});

test('where the mremap test could not be run, CRIU 3.5 and later are not said to leave the hint aside', () => {
  const untested = erasOn({ ...OLD, hintReliable: undefined });
  assert.deepEqual(
    untested.map(({ native }) => native),
    ['pfn', 'pfn', 'pfn', 'pfn', 'unknown', 'unknown'],
  );
  assert.match(untested.at(-1)?.why ?? '', /which could not be tried; else pfn/);
});

test('CRIU 4.2 was said to start on s390x, as 4.1 does', () => {
  const newest = erasOn({ ...OLD, hintReliable: true, bigEndian: true }).slice(-2);
  assert.deepEqual(
    newest.map(({ versions, starts }) => [versions, starts]),
    [
      ['4.1', true],
      ['4.2', false],
    ],
  );
  assert.match(newest.at(-1)?.why ?? '', /big-endian/);
});

test('a test process that no folder lets start: what mends it is said', () => {
  const { outcome, why } = notRun('x86_64', failure('cannot-write', 'cannot be started: EACCES', 'set TMPDIR'));
  assert.deepEqual([outcome, why], ['failed', 'cannot be started: EACCES; set TMPDIR']);
  assert.equal(notRun('x32', failure('no-abi', 'does not run x32', 'boot another')).why, 'does not run x32');
});

test('[vvar_vclock] or a GNU hash table alone stops every CRIU from 1.3 to 4.0, a sealed vDSO every one since 3.5', () => {
  const starts = (host: CriuHost) => erasOn(host).map((era) => era.starts);
  assert.deepEqual(starts({ ...OLD, hintReliable: true, hasVclock: true }), [
    undefined,
    false,
    false,
    false,
    false,
    true,
  ]);
  assert.deepEqual(starts({ ...OLD, hintReliable: true, onlyGnuHash: true }).slice(1), [
    false,
    false,
    false,
    false,
    true,
  ]);
  assert.deepEqual(starts({ ...OLD, hintReliable: undefined, sealed: true }), [true, true, true, true, false, false]);
});

test('candidates are readable, executable, without a file, and below the kernel', () => {
  const vmas = maps(
    '00400000-00401000 r-xp 00000000 fe:00 1 /bin/x\n',
    '00501000-00502000 r-xp 00000000 00:00 0 \n',
    '00502000-00503000 --xp 00000000 00:00 0 [uprobes]\n',
    '00503000-00504000 rwxp 00000000 00:00 0 [anon:jit]\n',
    '00504000-00505000 r-xs 00000000 00:01 7 /dev/zero (deleted)\n',
    line(TO, NAMED),
    '7ffc3051d000-7ffc3053e000 rwxp 00000000 00:00 0 [stack]\n',
    'ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]\n',
  );
  assert.deepEqual(
    criuCandidates(vmas).map(({ start }) => start),
    [0x501000n, 0x503000n, TO],
  );
});

test('the report keeps to its schema, and hostile names stay harmless in both forms', () => {
  const wrongAbout = [{ pid: 7, comm: 'a\n\x1b[2J', why: 'page 0 is a copy', criuMessages: [] }];
  const count = { right: 1, wrong: 1, unknown: 0, wrongAbout };
  const facts: HintFacts = {
    host: {
      host: { release: '6.18.0', machine: 'x86_64', pageSize: 4096, hintTest: 'kept', reference: new Map() },
      privileged: true,
      hidepid: undefined,
      initialPidNamespace: true,
    },
    tests: [
      judgeMaps('x86_64', FROM, TO, maps(line(TO, NAMED)), maps(line(FROM, NAMELESS))),
      { abi: 'x32', outcome: 'no-abi', why: 'this kernel does not run x32 programs' },
    ],
    hint: 'kept',
    eras: erasOn(OLD),
    readable: 2,
    unreadable: 1,
    policies: { hint: count, pfn: count, symtable: count },
    cost: { processes: 2, candidates: 3, systemCalls: 7, nanoseconds: 5000n, rounds: 5 },
  };
  const report = hintReport(facts);
  assert.deepEqual([...Value.Errors(HintJson, report)], []);
  assert.equal(report.processes.checks.pfn.wrongAbout[0]?.comm, 'a\\n\\x1b[2J');
  const text = hintText(facts);
  assert.match(text, /x32 +no-abi/);
  assert.match(text, /7 +a\\n\\x1b\[2J +page 0 is a copy/);
  assert.ok(!text.includes('\x1b'));
  assert.match(text, /7 system calls/);
});
