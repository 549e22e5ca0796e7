import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readImages } from '../../src/criu/images.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { temporaryDirectory } from './image-directory.js';

const source = 'test/corpus/cases/plain-shell-loop/img';

/** Truncates, flips bits or writes an absurd length over bytes of one image of a real dump. */
const wounds = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), value: fc.constant(0) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('word' as const), at: fc.nat(), value: fc.integer({ min: 0, max: 0xffffffff }) }),
);

test('a wounded image never crashes the reader, and what it says names the file', async (context) => {
  const path = join(temporaryDirectory(context), 'img');
  cpSync(source, path, { recursive: true, mode: 0 });
  const names = readdirSync(source).filter((name) => /^(?:inventory|pstree|core|mm|pagemap|ids|stats)/.test(name));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.array(wounds, { minLength: 1, maxLength: 4 }),
      async (name, hits) => {
        const whole = readFileSync(join(source, name));
        let bytes = Buffer.from(whole);
        for (const { kind, at, value } of hits) {
          if (bytes.length < 4) break;
          const place = at % (bytes.length - 3);
          if (kind === 'cut') bytes = bytes.subarray(0, place);
          else if (kind === 'flip') bytes[place] = (bytes[place] ?? 0) ^ value;
          else bytes.writeUInt32LE(value, place);
        }
        const wounded = join(path, name);
        writeFileSync(wounded, bytes, { flag: 'w' });
        const outcome = await readImages(path);
        writeFileSync(wounded, whole);
        assert.ok(outcome.ok);
        for (const { text } of outcome.value.problems) assert.match(text, /\.img|stats-|0x/);
        for (const { areas } of outcome.value.processes)
          for (const { start, end } of areas ?? []) assert.ok(start < end);
      },
    ),
    { numRuns: fuzzRuns(150) },
  );
});
