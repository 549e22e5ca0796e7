import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import fc from 'fast-check';
import { parseMapsLine } from '../../src/proc/parse/maps.js';
import { eventLine as printedLine } from '../../src/report/event-json.js';
import { wallTime } from '../../src/text/time-of-day.js';
import { openByteSink } from '../../src/trace/byte-sink.js';
import { happeningOf } from '../../src/trace/decode-event.js';
import { eventLine } from '../../src/trace/encode-event.js';
import { vmaLine } from '../../src/trace/encode-evidence.js';
import { TraceRecord } from '../../src/trace/format.js';
import { EventRecord } from '../../src/trace/format-event.js';
import { swiftEvent } from '../../src/trace/swift-event.js';
import { swiftLine } from '../../src/trace/swift-line.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { event, frames, vma } from './arbitraries.js';
import { header, inPieces, written } from './recording.js';

const record = TypeCompiler.Compile(TraceRecord);
const eventRecord = TypeCompiler.Compile(EventRecord);

test('what is written comes back, frame by frame, however the bytes arrive', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 5000 }), (list, size) => {
      const text = written(list);
      assert.match(text, /^[\n -~]*$/);
      const items = inPieces(Buffer.from(text, 'latin1'), size);
      const [first, ...rest] = items;
      assert.deepEqual(first, { kind: 'header', header: { record: 'header', ...header } });
      assert.deepEqual(
        rest.map((item) => (item.kind === 'frame' ? item.frame.content : item)),
        list,
      );
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('every line that is written is of the published schema', () => {
  fc.assert(
    fc.property(frames, (list) => {
      for (const line of written(list).trimEnd().split('\n')) assert.ok(record.Check(JSON.parse(line)), line);
    }),
    { numRuns: fuzzRuns(100) },
  );
});

test('the swift reader and the general one agree on every line it takes, and it takes the common ones', () => {
  const taken = new Set<string>();
  const happening = fc.record(
    {
      kind: fc.constant('event' as const),
      event,
      target: fc.option(fc.nat(), { nil: undefined }),
      snapshot: fc.constantFrom('asked' as const, 'none' as const, 'refused' as const),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(happening, (one) => {
      const line = eventLine(one);
      const value: unknown = JSON.parse(line);
      assert.ok(eventRecord.Check(value));
      assert.deepEqual(happeningOf(value), one);
      const bytes = Buffer.from(`{\n${line}\n`, 'latin1');
      const swift = swiftEvent(bytes, 2, bytes.length - 1);
      if (swift === undefined) return;
      assert.deepEqual(swift, one);
      taken.add(one.event.kind);
    }),
    { numRuns: fuzzRuns(1000) },
  );
  assert.deepEqual([...taken].sort(), ['call', 'exec', 'exit', 'fork']);
});

test('an exit of a version that did not ask how was taken for one with status 0', () => {
  const event = {
    kind: 'exit' as const,
    at: 5n,
    tgid: 7,
    tid: 7,
    comm: 'a',
    space: { id: 1n, mm: 2n },
    wholeProcess: true,
  };
  const line = eventLine({ kind: 'event', event: { ...event, status: 0 }, target: undefined, snapshot: 'none' });
  const old = line.replace(',"status":0', '');
  assert.notEqual(old, line);
  const value: unknown = JSON.parse(old);
  assert.ok(eventRecord.Check(value));
  assert.deepEqual(happeningOf(value).event, { ...event, status: undefined });
  const bytes = Buffer.from(old, 'latin1');
  assert.equal(swiftEvent(bytes, 0, bytes.length), undefined);
});

test('a changed byte is either refused by the swift reader, or read as the general one reads it', () => {
  const common = event.filter(({ kind }) => kind === 'call' || kind === 'fork' || kind === 'exec' || kind === 'exit');
  fc.assert(
    fc.property(common, fc.nat(), fc.constantFrom(...'0123456789abcfx"-,:{}[] \\\n'), (one, where, byte) => {
      const bytes = Buffer.from(eventLine({ kind: 'event', event: one, target: 7, snapshot: 'asked' }), 'latin1');
      bytes.write(byte, where % bytes.length, 'latin1');
      const swift = swiftEvent(bytes, 0, bytes.length);
      if (swift === undefined) return;
      const value: unknown = JSON.parse(bytes.toString('latin1'));
      assert.ok(eventRecord.Check(value));
      assert.deepEqual(swift, happeningOf(value));
    }),
    { numRuns: fuzzRuns(2000) },
  );
});

test('the swift line and the general one agree on every event it takes, and it takes the common ones', () => {
  const taken = new Set<string>();
  const anyOffset = fc.bigInt({ min: -(10n ** 18n), max: 2n * 10n ** 18n });
  const safeAt = event.filter(({ at }) => at < 10n ** 17n);
  fc.assert(
    fc.property(safeAt, fc.constantFrom('said', 'vDSO moved', 'a\\nb', 'é'), anyOffset, (one, text, offset) => {
      const who = 'tgid' in one ? { pid: one.tgid, comm: one.comm } : { pid: 0, comm: 'vdsowatch' };
      const line = {
        at: one.at,
        ...who,
        space: 'ctx:1',
        severity: 'info',
        text,
        event: one,
        finding: undefined,
      } as const;
      const bytes = Buffer.from(eventLine({ kind: 'event', event: one, target: 7, snapshot: 'asked' }, line), 'latin1');
      const out = openByteSink();
      const padded = Buffer.concat([Buffer.from('{\n'), bytes, Buffer.from('\n')]);
      if (!swiftLine(padded, 2, padded.length - 1, wallTime(offset), out)) return;
      assert.equal(Buffer.from(out.taken() ?? []).toString(), `${JSON.stringify(printedLine(line, offset))}\n`);
      taken.add(one.kind);
    }),
    // Of a thousand it takes some four of each kind: too few to be sure of every one.
    { numRuns: fuzzRuns(8000) },
  );
  assert.deepEqual([...taken].sort(), ['call', 'exec', 'exit', 'fork']);
});

test('a changed byte never makes a swift line that is no line', () => {
  const common = event.filter(({ kind }) => kind === 'call' || kind === 'fork' || kind === 'exec' || kind === 'exit');
  const line = {
    at: 0n,
    pid: 1,
    comm: 'c',
    space: 's',
    severity: 'info',
    text: 't',
    event: undefined,
    finding: undefined,
  } as const;
  fc.assert(
    fc.property(common, fc.nat(), fc.constantFrom(...'0123456789abcfx"-,:{}[] \\\n\u001b'), (one, where, byte) => {
      const bytes = Buffer.from(eventLine({ kind: 'event', event: one, target: 7, snapshot: 'asked' }, line), 'latin1');
      bytes.write(byte, where % bytes.length, 'latin1');
      const out = openByteSink();
      if (!swiftLine(bytes, 0, bytes.length, wallTime(0n), out)) return;
      const swift = Buffer.from(out.taken() ?? []).toString();
      assert.ok(eventRecord.Check(JSON.parse(bytes.toString('latin1'))));
      assert.match(swift, /^[ -~]*\n$/);
      JSON.parse(swift);
    }),
    { numRuns: fuzzRuns(2000) },
  );
});

test("a mapping is written as the kernel's own line", () => {
  for (const line of readFileSync('/proc/self/maps', 'latin1').trimEnd().split('\n')) {
    const parsed = parseMapsLine(line);
    assert.ok(parsed, line);
    assert.equal(vmaLine(parsed), line);
  }
  fc.assert(
    fc.property(vma, (one) => assert.deepEqual(parseMapsLine(vmaLine(one)), one)),
    { numRuns: fuzzRuns(300) },
  );
});
