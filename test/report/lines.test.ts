import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { EVENT } from '../../src/model/document-names.js';
import type { Event, TracerStatus } from '../../src/model/event.js';
import { EventJson } from '../../src/model/event-schema.js';
import type { HistoryLine } from '../../src/model/state.js';
import { lineFace, lineText } from '../../src/report/lines.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { begin, called, execed, exited, forked, happened, moved, run, space, T0 } from '../pipeline/build.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const WALL = 1_795_530_000_000_000_000n;

/** Hostile comms, as raw bytes: each must stay inside its line and drive no terminal. */
const HOSTILE = [
  'a\nb',
  '\x1b[2J',
  '{red-fg}x',
  '\xff\xfe',
  '\x9b31m',
  'a\rb',
  '\xe2\x80\xae',
  '\x00',
  '\u0085',
  ' ) = 0',
];

const seen = { tgid: 7, tid: 7, comm: 'puppet', space: space(1) };
const status = (mode: TracerStatus['mode']): Event => ({
  kind: 'status',
  at: T0,
  status: { mode, text: 'bpftrace 0.17.0', notes: ['no mseal'] },
});

/** One of every kind. */
const EVENTS: readonly Event[] = [
  moved({ at: T0, pid: 7, in: 1, from: A, to: B }),
  called({ at: T0, pid: 7, in: 1, call: 'munmap', args: [A, 0x1000n], result: -22n, compat: true }),
  { ...seen, at: T0, kind: 'poke', how: 'ptrace', targetPid: 9, address: A, result: 0n },
  { ...seen, at: T0, kind: 'poke', how: 'process_vm_writev', targetPid: 9, address: undefined, result: -14n },
  forked({ at: T0, pid: 7, in: 1, child: 8 }),
  execed({ at: T0, pid: 7, in: 2, vdso: A }),
  execed({ at: T0, pid: 7, in: 3 }),
  exited({ at: T0, pid: 7, in: 3 }),
  { ...seen, at: T0, kind: 'namespace', call: 'unshare', flags: 0x4000080n, result: 0n },
  { ...seen, at: T0, kind: 'prctl', option: 14n, result: 0n },
  { kind: 'gap', at: T0, from: T0 - 1n, cause: 'lost', lost: 5n },
  { kind: 'gap', at: T0, from: T0 - 1n, cause: 'restarted', lost: undefined },
  status('ebpf'),
  status('polling'),
];

const lineOf = (event: Event): HistoryLine => {
  const [line, ...more] = run(begin(), [happened(event)]).lines;
  assert.ok(line);
  assert.deepEqual(more, []);
  return line;
};

const MACHINE = lineFace({ machine: true });
const json = (line: HistoryLine): unknown => JSON.parse(MACHINE.lines([line], WALL)[0] ?? '');

for (const event of EVENTS)
  test(`one line and one document, as the schema has it: ${event.kind}`, () => {
    const line = lineOf(event);
    const document = json(line);
    assert.ok(Value.Check(EventJson, document), JSON.stringify([...Value.Errors(EventJson, document)].slice(0, 3)));
    assert.equal(document.schema, EVENT);
    assert.equal(document.kind, event.kind);
    assert.equal(document.at, String(T0));
    assert.doesNotMatch(lineText(line, WALL), /\n/);
  });

test('a finding is one document, with what CRIU would print', () => {
  const finding = {
    code: 'vdso-moved',
    severity: 'warning',
    mapping: B,
    text: 'moved',
    evidence: ['maps: ...'],
    criuMessage: undefined,
  } as const;
  const line = { ...lineOf(status('ebpf')), pid: 7, event: undefined, finding, gone: true };
  const document = json(line);
  assert.ok(Value.Check(EventJson, document));
  assert.ok(document.kind === 'finding');
  assert.equal(document.finding.mapping, '0x7e0000000000');
  assert.equal(document.gone, true);
});

test('what a call did, for people', () => {
  const text = (event: Event): string => lineText(lineOf(event), WALL).replace(/^\S+ +\S+ +/, '');
  assert.equal(
    text(moved({ at: T0, pid: 7, in: 1, from: A, to: B })),
    '7 puppet: mremap(0x7f0000000000, 0x2000, 0x2000, MAYMOVE|FIXED, 0x7e0000000000) = 0x7e0000000000: vDSO moved from 0x7f0000000000 to 0x7e0000000000',
  );
  assert.equal(
    text(called({ at: T0, pid: 7, in: 1, call: 'munmap', args: [A, 0x1000n], result: -22n, compat: true })),
    '7 puppet: munmap(0x7f0000000000, 0x1000) = -EINVAL [32-bit call]: refused',
  );
  assert.equal(
    text({ ...seen, at: T0, kind: 'namespace', call: 'unshare', flags: 0x4000080n, result: 0n }),
    '7 puppet: unshare(NEWTIME|NEWUTS) = 0',
  );
  assert.equal(
    text({ kind: 'gap', at: T0, from: T0, cause: 'lost', lost: 5n }),
    'vdsowatch: events were lost: 5; every process is read afresh',
  );
});

test('the time of a line is that of the event', () => {
  const line = lineOf(status('ebpf'));
  assert.match(lineText({ ...line, at: 1_234_567_890n }, 0n), /^00:00:01\.234 /);
});

const unsafe = /[^ -~]/;

for (const comm of HOSTILE)
  test(`a hostile comm stays inside its line: ${JSON.stringify(comm)}`, () => {
    for (const event of EVENTS) {
      if (!('comm' in event)) continue;
      const line = lineOf({ ...event, comm });
      assert.doesNotMatch(lineText(line, WALL), unsafe);
      const [document] = MACHINE.lines([line], WALL);
      assert.match(document ?? '', /^\{[ -~]+\}$/);
    }
  });

test('any bytes at all in a comm: one printable line, one document of the schema', () => {
  const bytes = fc.uint8Array({ maxLength: 15 }).map((array) => Buffer.from(array).toString('latin1'));
  fc.assert(
    fc.property(bytes, fc.constantFrom(...EVENTS), (comm, event) => {
      const line = lineOf('comm' in event ? { ...event, comm } : event);
      const text = lineText(line, WALL);
      assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
      assert.ok(Value.Check(EventJson, json(line)));
    }),
    { numRuns: fuzzRuns(200) },
  );
});

test('a poke whose victim has a hostile name names it escaped', () => {
  const ledger = begin();
  run(ledger, [happened(moved({ at: T0, pid: 9, in: 4, from: A, to: B, comm: 'x\n\x1b[31m' }))]);
  const poke: Event = { ...seen, at: T0 + 1n, kind: 'poke', how: 'ptrace', targetPid: 9, address: A, result: 0n };
  const [line] = run(ledger, [happened(poke, 9)]).lines;
  assert.ok(line);
  assert.doesNotMatch(lineText(line, WALL), unsafe);
  assert.match(line.text, /process 9 \(x\\n\\x1b\[31m\)/);
  assert.equal(line.target, 9);
});

test('a filter by pid shows the tracer, the process, and who wrote into it', () => {
  const face = lineFace({ machine: false, pid: [9] });
  const lines = [
    lineOf(status('ebpf')),
    lineOf(moved({ at: T0, pid: 7, in: 1, from: A, to: B })),
    lineOf(moved({ at: T0, pid: 9, in: 1, from: A, to: B })),
    { ...lineOf(moved({ at: T0, pid: 11, in: 1, from: A, to: B })), target: 9 },
  ];
  assert.equal(face.lines(lines, WALL).length, 3);
});

test('a filter by name compares what is printed', () => {
  const face = lineFace({ machine: false, comm: 'a\\nb' });
  const lines = ['a\nb', 'a'].map((comm) => lineOf(moved({ at: T0, pid: 7, in: 1, from: A, to: B, comm })));
  assert.equal(face.lines(lines, WALL).length, 1);
});

test('lines that were left out are counted by a line of the same kind', () => {
  assert.match(lineFace({ machine: false }).leftOut(3, T0, WALL), / 3 lines are missing here/);
  const document: unknown = JSON.parse(MACHINE.leftOut(3, T0, WALL));
  assert.ok(Value.Check(EventJson, document));
});
