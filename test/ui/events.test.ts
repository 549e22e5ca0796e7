import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EventWindow, eventLines } from '../../ui/events.js';
import { PLAIN_THEME, type Theme } from '../../ui/theme.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { finding, happened, SECOND } from './fixture.js';

const THEMES: readonly Theme[] = [
  PLAIN_THEME,
  { depth: 256, attributes: true, unicode: true },
  { depth: 8, attributes: true, unicode: false },
];

const TAIL = { full: false, back: 0, filter: '', onlyFindings: false };

test('a line that was drawn before is drawn as if it were new, in every width and theme', () => {
  const recent = [1, 2, 3].map((pid) => happened(pid, `näme-${pid}`, BigInt(pid) * SECOND, 'moved, in a few words'));
  const looks = fc.array(fc.tuple(fc.integer({ min: 10, max: 100 }), fc.constantFrom(...THEMES)), { maxLength: 8 });
  fc.assert(
    fc.property(looks, (all) => {
      for (const [width, theme] of all) {
        const fresh = recent.map((entry) => ({ ...entry }));
        assert.deepEqual(eventLines(recent, 5, width, TAIL, theme), eventLines(fresh, 5, width, TAIL, theme));
      }
    }),
    { numRuns: fuzzRuns(100) },
  );
});

const everything = { full: true, back: 0, filter: '', onlyFindings: false };
const said = (lines: readonly string[]): readonly string[] =>
  lines.map((one) => one.trimEnd()).filter((one) => one !== '');

test('over the whole screen the filter and "findings only" are for the events, and the rule counts', () => {
  const found = finding('vdso-moved', 'info');
  const recent = [
    happened(11, 'one', 3n * SECOND, 'mremap moved the vDSO'),
    happened(12, 'two', 2n * SECOND, 'vdso-moved: it is elsewhere', { finding: found }),
    happened(13, 'three', SECOND, 'munmap took it away', { severity: 'warning' }),
  ];
  const lines = (more: Partial<EventWindow>) =>
    said(eventLines(recent, 6, 80, { ...everything, ...more }, PLAIN_THEME));
  assert.equal(lines({}).length, 4);
  assert.match(lines({ filter: 'MOVED !12' }).join('\n'), /^── events {2}1 of 3 ─+\n.* 11 one .*moved the vDSO$/);
  assert.deepEqual(
    lines({ onlyFindings: true })
      .slice(1)
      .map((one) => /\d+ (\w+) /.exec(one.slice(14))?.[1]),
    ['two', 'three'],
  );
  assert.match(lines({ filter: 'nobody' }).join('\n'), /0 of 3 ─+\n +no event matches/);
});
