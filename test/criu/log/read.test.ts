import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CriuLog, LogFinding } from '../../../src/criu/log/log.js';
import { readLog } from '../../../src/criu/log/read.js';
import { logLines, logText } from '../../../src/criu/log/text.js';
import { fuzzRuns } from '../../fuzz-runs.js';

const corpus = 'test/corpus/cases';
const corpusLog = (name: string, log: 'dump.log' | 'restore.log'): string =>
  logText(readFileSync(join(corpus, name, 'img', log)));

const one = (log: CriuLog, code: string): LogFinding => {
  const found = log.findings.filter((finding) => finding.code === code);
  assert.equal(found.length, 1, `${code}: ${found.length} lines`);
  const [first] = found;
  assert.ok(first !== undefined);
  return first;
};

test('a dump.log: host, version, run, task, mappings with their names, status before and after the checks', () => {
  const log = readLog(corpusLog('symtable-check-copy-at-old-address', 'dump.log'));
  assert.equal(log.kind, 'dump');
  assert.equal(log.version, '4.2');
  assert.equal(log.release, '6.18.44-fc-v669');
  assert.equal(log.machine, 'x86_64');
  assert.equal(log.ended, 'success');
  assert.equal(log.firstError, undefined, 'the harmless rlimit line is not the cause of anything');
  const [task] = log.processes;
  assert.ok(task !== undefined);
  assert.equal(task.pid, 28935);
  assert.equal(task.comm, 'b_move');
  assert.ok(task.vmasComplete);
  const named = task.vmas.filter(({ name }) => name === '[vdso]').map(({ start }) => start);
  assert.deepEqual(named, [0x7f27eb719000n]);
  const copy = 0x7f27eb931000n;
  assert.deepEqual([task.statusBefore.get(copy), task.statusAfter.get(copy)], [0x201, 0x209], 'the copy was adopted');
  const adopted = one(log, 'status-restored');
  assert.equal(adopted.address, copy);
  assert.equal(adopted.pid, 28935);
  assert.equal(
    adopted.line,
    corpusLog('symtable-check-copy-at-old-address', 'dump.log')
      .split('\n')
      .findIndex((line) => line.includes('Restore vDSO status by')) + 1,
  );
});

test('restore.log: in place, proxy with its jumps, a failure and a crash, each tied to task and address', () => {
  const inPlace = readLog(corpusLog('plain-shell-loop', 'restore.log'));
  assert.equal(inPlace.kind, 'restore');
  assert.deepEqual(
    inPlace.findings
      .filter(({ code }) => code === 'in-place')
      .map(({ pid }) => pid)
      .sort(),
    [22379, 22397],
  );
  const proxied = readLog(corpusLog('moved-vdso-alone', 'restore.log'));
  assert.equal(one(proxied, 'proxy').pid, 26652);
  assert.equal(one(proxied, 'differs-order').severity, 'info');
  assert.deepEqual(
    proxied.findings.filter(({ code }) => code === 'trampoline').map(({ address }) => address),
    Array.from({ length: 4 }, () => 0x7ff97c579000n),
  );
  const failed = readLog(corpusLog('vdso-unmapped-vvar-kept', 'restore.log'));
  assert.equal(failed.ended, 'failure');
  assert.equal(one(failed, 'vdso-missing').severity, 'error');
  assert.match(failed.firstError ?? '', /Can't find vDSO area in image/);
  const crashed = readLog(corpusLog('vvar-unmapped-vdso-kept', 'restore.log'));
  assert.match(one(crashed, 'image-vdso').meaning, /no vvar/);
  assert.equal(one(crashed, 'killed').pid, 27507);
});

test('every line of the corpus that speaks of a vDSO is recognised', () => {
  let spoken = 0;
  for (const name of readdirSync(corpus)) {
    for (const file of ['dump.log', 'restore.log'] as const) {
      if (!existsSync(join(corpus, name, 'img', file))) continue;
      const text = corpusLog(name, file);
      const known = new Set(readLog(text).findings.map(({ line }) => line));
      text.split('\n').forEach((line, index) => {
        const listing = /smaps entry:|^\(\S+ 0x[0-9a-f]+-0x|b-vdso|vdsomove|criu-images/.test(line);
        if (!/vdso|vvar|vDSO|VVAR/.test(line) || listing) return;
        assert.ok(known.has(index + 1), `${name}/${file}:${index + 1}: ${line}`);
        spoken += 1;
      });
    }
  }
  assert.ok(spoken >= 100, `${spoken} lines`);
});

/** Lines as CRIU of some version prints them (its sources 0.6 to 4.2), and the code each must get. */
const PRINTED: readonly (readonly [string, string])[] = [
  ['(00.030375) vdso: rt [vdso] 7f5a0eb45000-7f5a0eb47000 [vvar] 7f5a0eb3f000-7f5a0eb45000', 'runtime-vdso'],
  ['(00.000001) Error (criu/vdso.c:401): vdso: Unexpected rt vDSO area bounds', 'layout-unknown'],
  ["(00.000001) vdso: Compat vDSO helper didn't exit, status: 139", 'compat-helper'],
  ["Error: Compatible vdso's size is bigger than reserved buf", 'compat-buffer'],
  ['Error: ARCH_MAP_VDSO failed (-22)', 'compat-helper'],
  ['(00.000001) Error (criu/vdso.c:695): vdso: Child unexpectedly exited with 2', 'hint-test'],
  ['(00.000001) vdso: Kdat sizes of vdso/vvar differ to maps file ', 'kdat-stale'],
  ["(00.000001) vdso: Kernel doesn't premap vDSO - probably CONFIG_VDSO is not set", 'no-vdso-here'],
  ['(00.000001) vdso: VDSO detection turned off', 'detection-off'],
  ['(00.000001) Pagemap provides flags only', 'pagemap'],
  ["(00.000001) Warn  (criu/kerndat.c:1290): Can't keep kdat cache on non-tempfs", 'kdat-cache'],
  [
    '(00.000001) Warn  (criu/cr-check.c:1259): Do not have API to map vDSO - will use mremap() to restore vDSO',
    'no-map-api',
  ],
  ['(00.000001) vdso: Invalid ELF magic', 'not-a-vdso'],
  ['(00.000001) vdso: Pagemap is unavailable, trying a slow way', 'check-symtable'],
  ['(00.000001) vdso: Restore status by pfn at 7fff00000000', 'status-restored'],
  ['(00.000001) vdso: vdso: Drop mishinted status at 7fff00000000', 'status-dropped'],
  ['(00.000001) Error (vdso.c:1): vdso: Unexpected page fram number 0 for pid 12', 'frame-hidden'],
  ['(00.000001) vdso: vdso: Found marked at 36000 (orig vDSO at 7efdb0a3b000 VVAR at 7efdb0a35000)', 'mark-found'],
  ['(00.000001) vdso: vdso: Found marked at 36000 (proxy vDSO at 7efdb0a3b000 VVAR at 7efdb0a35000)', 'mark-found'],
  ['(00.000001) vdso: vdso: Restore proxy vDSO status at 7efdb0a3b000', 'original-vdso'],
  ['(00.000001) vdso: vdso: Droppping marked vdso at 36000', 'runtime-dropped'],
  ['(00.000001) Error (criu/vdso.c:215): vdso: Ow! Second vdso mark detected!', 'mark-twice'],
  ['pie: 31: Error (criu/pie/parasite.c:700): vdso: Mark version mismatch!', 'mark-version'],
  ['(00.000001) Error (criu/parasite-syscall.c:94): 3234 was stopped by 11 unexpectedly', 'parasite-died'],
  [
    '(00.000001) Error (criu/proc_parse.c:1): two nonconsecutive vvar vma-s: 7f0000000000-7f0000004000 7f0000005000-7f0000007000',
    'vvar-apart',
  ],
  ['(00.000001) Error (criu/proc_parse.c:1): PID 12 has uprobes vma. Consider using --allow-uprobes.', 'uprobes'],
  [
    '(00.000001) Error (criu/proc_parse.c:1): Unsupported mapping found 00007fffffffe000-00007ffffffff000',
    'unsupported-mapping',
  ],
  ['(00.000001) Parasite syscall_ip at 0x36000', 'poke-at'],
  ['(00.038469) pie: 27115: Mapping native vDSO at 0x30000', 'map-native'],
  ['(00.038469) pie: 27115: Failed to map vdso -17', 'map-failed'],
  ['(00.038469) pie: 27115: vdso: Remap rt-vvar 0x34000 -> 0x7efdb0a39000', 'moved-into-place'],
  ['(00.038469) pie: 27115: vdso: size differs: 0x2000 != 0x1000 (rt)', 'differs-size'],
  ['(00.038469) pie: 27115: vdso: [1]`__vdso_getcpu` offset differs: 0xf00 != 0xe00 (rt)', 'differs-symbol'],
  ['(00.038469) pie: 27115: vdso: vvar size differs: 0x2000 != 0x2000 (rt)', 'differs-vvar-size'],
  ['(00.038469) pie: 27115: vdso: [vvar/vdso] pair has different order', 'differs-order'],
  ['(00.038469) pie: 27115: vdso: jmp: 0x7fe06f333000/0xaf0 -> 0x36000/0xaf0 (index 0)', 'trampoline'],
  ['(00.038469) pie: 27115: vdso: No VVAR, no vDSO in image', 'none-in-image'],
  [
    "(00.038469) pie: 27115: Error (criu/pie/restorer.c:1): vdso: vDSO isn't provided by kernel, but exists in images",
    'no-vdso-here',
  ],
  ["(00.038469) pie: 27115: vdso: Can't restore vvar - continuing regardless", 'vvar-not-restored'],
  ['(00.038469) pie: 27115: vdso: Failed to unmap dumpee vvar', 'unmap-failed'],
];

test('lines of every version get their meaning, with and without times and other prefixes', () => {
  for (const [line, code] of PRINTED) {
    const codes = readLog(line).findings.map((finding) => finding.code);
    assert.deepEqual(codes, [code], line);
  }
});

test('a line the restorer tore apart is read as one', () => {
  const torn = [
    '(00.038469) pie: 27115: vdso: image [vdso] 0x7fe06f333000-0x7fe06f3>',
    '(00.038470) pie: 27115: 35000 [vvar] 0xffffffffffffffff-0xffffffffffff>',
    '(00.038470) pie: 27115: ffff',
    '(00.038475) pie: 27115: vdso: Runtime vdso mismatches dumpee, generate proxy',
  ].join('\n');
  const log = readLog(torn);
  assert.match(one(log, 'image-vdso').meaning, /no vvar/);
  assert.equal(one(log, 'proxy').line, 4);
});

test('UTF-16 of either order, a byte order mark, CRLF, colours, a journal stamp and a NUL are all read', () => {
  const text =
    '(00.000001) vdso: Check vdso by pfn from pagemap\r\n(00.000002) vdso: Drop mishinted vDSO status at 7fff00000000\r\n';
  const big = Buffer.from(text, 'utf16le').swap16();
  const forms = [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    big,
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
    Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
    Buffer.from(text.replaceAll('(00', '\u001b[1;31m(00')),
    Buffer.from(text.replaceAll('(00', 'Nov 24 15:00:01 host criu[12]: (00')),
  ];
  for (const form of forms) {
    const codes = readLog(logText(form)).findings.map(({ code }) => code);
    assert.deepEqual(codes, ['check-pfn', 'status-dropped']);
  }
});

test('a task in a pid namespace is tied to the number its images carry', () => {
  const log = readLog(
    [
      '(00.1) ignored',
      '(00.072617) Dumping task (pid: 27115 comm: sh)',
      '(00.078284) vdso: Drop mishinted vDSO status at 7fff00000000',
      '(00.078706) sid=1 pgid=1 pid=1',
    ].join('\n'),
  );
  assert.equal(one(log, 'status-dropped').pid, 1);
  assert.equal(log.processes[0]?.realPid, 27115);
});

test('no text makes the reader throw, and nothing hostile leaves it', () => {
  const pieces = fc.constantFrom(...PRINTED.map(([line]) => line), '>', '\n', '\u001b[2J', '(00.000001) ', 'pie: 1: ');
  const texts = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 30 });
  fc.assert(
    fc.property(texts, (parts) => {
      const log = readLog(parts.join(''));
      for (const { text, meaning } of log.findings) assert.doesNotMatch(text + meaning, /\p{Cc}/u);
    }),
    { numRuns: fuzzRuns(300) },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      logLines(logText(bytes));
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('a line of the restorer that CRIU before 3.9 cut is told, where it can be only one', () => {
  const cut = (text: string) =>
    readLog(`(00.026396)pie: 37: Error (criu/pie/parasite-vdso.c:133): vdso: ${text}`, 'restore');
  assert.equal(one(cut("Can't find vD>"), 'vdso-missing').pid, 37);
  assert.equal(one(cut('Unable to rema>'), 'move-failed').severity, 'error');
  for (const open of ["Can't>", "Can't find vD", 'Nothing of us>']) assert.deepEqual(cut(open).findings, [], open);
  const elsewhere = "(00.026396) Error (criu/vdso.c:133): vdso: Can't find vD>";
  assert.deepEqual(readLog(elsewhere, 'restore').findings, [], 'only parasite and restorer cut their lines');
});

test('a container runtime has CRIU serve it: the worker that dumps has a run of its own, the second', () => {
  const [parent, worker] = ['44e48007-8f3b-4dec-ab13-78a0ecb2e30f', '05c3f1f3-4f67-4739-8681-2f3dd15a535b'];
  const runs = [parent, worker].map((run) => `(00.000000) CRIU run id = ${run}`);
  assert.equal(readLog(`${runs.join('\n')}\n(00.000041) Version: 4.1.1 (gitid 0)\n`, 'dump').runId, worker);
  const restore = readLog(
    `(00.000000) CRIU run id = ${parent}\n(00.0566) x\n(00.056589) Dump CRIU run id = ${worker}\n`,
  );
  assert.deepEqual([restore.runId, restore.imagesRunId], [parent, worker]);
});

test('a task of a container that had ended has the number of its image, which the list of all tasks tells', () => {
  const lines = [
    'Dumping task (pid: 15052 comm: n3)',
    'sid=1 pgid=1 pid=4',
    'Dumping task (pid: 15053 comm: n0)',
    'Obtaining zombie stat ... ',
    'Dumping pstree (pid: 15049)',
    'Process: 4(15052)',
    'Process: 5(15053)',
  ];
  const { processes } = readLog(lines.map((line) => `(00.569589) ${line}\n`).join(''), 'dump');
  assert.deepEqual(
    processes.map(({ pid, realPid }) => [pid, realPid]),
    [
      [4, 15052],
      [5, 15053],
    ],
  );
});
