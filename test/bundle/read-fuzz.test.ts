import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBundleJson } from '../../src/bundle/read-host.js';
import { readProcess } from '../../src/bundle/read-process.js';
import { judge } from '../../src/judge/judge.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { AUXV, JSON_TEXT, MAPS } from './made-bundle.js';

const runs = fuzzRuns(1000);
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const SMAPS = MAPS.replace(/$/gm, (_, at: number) =>
  at > 0 ? '\nRss: 4 kB\nAnonymous: 0 kB\nVmFlags: rd ex de ' : '',
).trim();
const STAT = '77 (x) S 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 3 4096 0\n';
const STARTS = ['7f1000000000', '7f1000004000', '7f1000006000'];

const GOOD: Readonly<Record<string, Uint8Array>> = {
  maps: bytesOf(MAPS),
  smaps: bytesOf(`${SMAPS}\n`),
  auxv: AUXV,
  stat: bytesOf(STAT),
  status: bytesOf('Name:\tx\nTracerPid:\t0\nUid:\t0\t0\t0\t0\n'),
  comm: bytesOf('x\n'),
  cmdline: bytesOf('x\0'),
  'ns/uts': bytesOf('uts:[4026531838]'),
  ...Object.fromEntries(STARTS.map((at) => [`pagemap/${at}.bin`, new Uint8Array(16)])),
  ...Object.fromEntries(STARTS.map((at) => [`mem/${at}.bin`, new Uint8Array(64)])),
};

const SAID = parseBundleJson(bytesOf(JSON_TEXT));

const damage = fc.record({
  file: fc.constantFrom(...Object.keys(GOOD)),
  how: fc.constantFrom('flip', 'cut', 'gone', 'noise', 'twice'),
  at: fc.nat({ max: 4000 }),
  value: fc.integer({ min: 0, max: 255 }),
  noise: fc.uint8Array({ maxLength: 64 }),
});

test('any damage to the files of a process: evidence that can be judged, or one sentence', () => {
  assert.ok(SAID.ok);
  const said = SAID.value;
  let judged = 0;
  fc.assert(
    fc.property(fc.array(damage, { maxLength: 6 }), (damages) => {
      const files = new Map(Object.entries(GOOD));
      for (const { file, how, at, value, noise } of damages) {
        const bytes = files.get(file);
        if (bytes === undefined) continue;
        const changed = Uint8Array.from(bytes);
        if (changed.length > 0) changed[at % changed.length] = value;
        if (how === 'flip') files.set(file, changed);
        else if (how === 'cut') files.set(file, bytes.slice(0, at % (bytes.length + 1)));
        else if (how === 'gone') files.delete(file);
        else if (how === 'noise') files.set(file, noise);
        else files.set(file, Buffer.concat([bytes, bytes]));
      }
      const process = readProcess(files, 77, said);
      if (process.ok) {
        const verdict = judge(process.value);
        assert.ok(verdict.mappings.length <= 10);
        judged += 1;
        return;
      }
      assert.doesNotMatch(process.failure.text, /[\n\x1b]/);
      assert.match(process.failure.text, /^77\/.*\.$/);
    }),
    { numRuns: runs },
  );
  assert.ok(judged > runs / 20, `only ${judged} of ${runs} could be judged`);
});

test('any JSON, and any bytes, as bundle.json: an answer or one sentence', () => {
  const mostly = <T>(right: T) => fc.oneof({ weight: 12, arbitrary: fc.constant(right) }, fc.jsonValue());
  const frames = fc.array(fc.oneof({ weight: 12, arbitrary: fc.constantFrom('0x1', '0x2861') }, fc.jsonValue()));
  const shaped = fc.record({
    format: fc.oneof(
      { weight: 12, arbitrary: fc.constant('vdsowatch-bundle/1') },
      fc.constantFrom('vdsowatch-bundle/9', 'x', null),
    ),
    host: fc.oneof(
      {
        weight: 12,
        arbitrary: fc.record({ release: fc.jsonValue(), pageSize: mostly(4096), hintTest: mostly('kept') }),
      },
      fc.jsonValue(),
    ),
    reference: fc.oneof({ weight: 12, arbitrary: fc.dictionary(fc.string(), frames) }, fc.jsonValue()),
    note: fc.jsonValue(),
  });
  let known = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        shaped.map((value) => bytesOf(JSON.stringify(value))),
        fc.uint8Array({ maxLength: 80 }),
      ),
      (bytes) => {
        const said = parseBundleJson(bytes);
        if (said.ok) {
          for (const frames of said.value.host.reference.values())
            for (const frame of frames) {
              assert.equal(typeof frame, 'bigint');
              known += 1;
            }
        } else assert.doesNotMatch(said.failure.text, /[\n\x1b]/);
      },
    ),
    { numRuns: runs },
  );
  assert.ok(known > runs / 20, `only ${known} frames were read`);
});
