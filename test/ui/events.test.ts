import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventLines } from '../../ui/events.js';
import { PLAIN_THEME, type Theme } from '../../ui/theme.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { happened, SECOND } from './fixture.js';

const THEMES: readonly Theme[] = [
  PLAIN_THEME,
  { depth: 256, attributes: true, unicode: true },
  { depth: 8, attributes: true, unicode: false },
];

test('a line that was drawn before is drawn as if it were new, in every width and theme', () => {
  const recent = [1, 2, 3].map((pid) => happened(pid, `näme-${pid}`, BigInt(pid) * SECOND, 'moved, in a few words'));
  const looks = fc.array(fc.tuple(fc.integer({ min: 10, max: 100 }), fc.constantFrom(...THEMES)), { maxLength: 8 });
  fc.assert(
    fc.property(looks, (all) => {
      for (const [width, theme] of all) {
        const fresh = recent.map((entry) => ({ ...entry }));
        assert.deepEqual(eventLines(recent, 5, width, false, 0, theme), eventLines(fresh, 5, width, false, 0, theme));
      }
    }),
    { numRuns: fuzzRuns(100) },
  );
});
