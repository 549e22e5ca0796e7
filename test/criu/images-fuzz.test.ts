import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPostMortem } from '../../src/criu/post-mortem.js';
import { testFolder } from '../folder.js';
import { fuzzRuns } from '../fuzz-runs.js';

const sources = [
  'plain-shell-loop',
  'criu-proxied-dumped-again',
  'symtable-check-copy-at-old-address',
  'ia32-clock-loop',
].map((name) => `test/corpus/cases/${name}/img`);

/** Truncates, flips bits or writes an absurd length over bytes of one image of a real dump. */
const wounds = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), value: fc.constant(0) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('word' as const), at: fc.nat(), value: fc.integer({ min: 0, max: 0xffffffff }) }),
);

const wound = (
  whole: Buffer,
  hits: readonly { kind: 'cut' | 'flip' | 'word'; at: number; value: number }[],
): Buffer => {
  let bytes = Buffer.from(whole);
  for (const { kind, at, value } of hits) {
    if (bytes.length < 4) break;
    const place = at % (bytes.length - 3);
    if (kind === 'cut') bytes = bytes.subarray(0, place);
    else if (kind === 'flip') bytes[place] = (bytes[place] ?? 0) ^ value;
    else bytes.writeUInt32LE(value, place);
  }
  return bytes;
};

const OURS = /^(?:inventory|pstree|core|mm|pagemap|pages|ids|stats)|\.log$/;

for (const source of sources) {
  test(`${source}: wounded at any place it is read, judged, and what is wrong named`, async (context) => {
    const path = join(testFolder(context), 'img');
    cpSync(source, path, { recursive: true, mode: 0 });
    const names = readdirSync(source).filter((name) => OURS.test(name));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(wounds, { minLength: 1, maxLength: 4 }),
        async (name, hits) => {
          const whole = readFileSync(join(source, name));
          writeFileSync(join(path, name), wound(whole, hits));
          const outcome = await readPostMortem(path);
          writeFileSync(join(path, name), whole);
          assert.ok(outcome.ok);
          const { problems, set, judged } = outcome.value;
          for (const { text } of problems) assert.match(text, /\.img|stats-|\.log/);
          for (const { areas } of set.processes) for (const { start, end } of areas ?? []) assert.ok(start < end);
          for (const { verdict, forecast } of judged)
            for (const { text, evidence } of [...verdict.findings, ...(forecast?.findings ?? [])])
              assert.doesNotMatch([text, ...evidence].join(''), /\p{Cc}/u);
        },
      ),
      { numRuns: fuzzRuns(60) },
    );
  });
}
