import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allEvents, type EventView } from '../../ui/all-events.js';
import { eventLines, wholeEvent } from '../../ui/events.js';
import { PLAIN_THEME, type Theme } from '../../ui/theme.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { finding, happened, SECOND } from './fixture.js';

const THEMES: readonly Theme[] = [
  PLAIN_THEME,
  { depth: 256, attributes: true, unicode: true },
  { depth: 8, attributes: true, unicode: false },
];

test('a line that was drawn before is drawn as if it were new, in every width and theme', () => {
  const recent = [1, 2, 3].map((pid) => happened(pid, `näme-${pid}`, BigInt(pid) * SECOND, 'moved, in a few words'));
  const [first = assert.fail('none')] = recent;
  const looks = fc.array(fc.tuple(fc.integer({ min: 10, max: 100 }), fc.constantFrom(...THEMES)), { maxLength: 8 });
  fc.assert(
    fc.property(looks, (all) => {
      for (const [width, theme] of all) {
        const fresh = recent.map((entry) => ({ ...entry }));
        assert.deepEqual(eventLines(recent, 5, { width, theme }), eventLines(fresh, 5, { width, theme }));
        assert.deepEqual(wholeEvent(first, { width, theme }), wholeEvent({ ...first }, { width, theme }));
      }
    }),
    { numRuns: fuzzRuns(100) },
  );
});

test('what vdsowatch says itself is told as of a process 0', () => {
  const own = happened(0, 'vdsowatch', SECOND, 'census: 3 processes, 0 with findings, 0 that cannot be read');
  for (const width of [50, 80])
    for (const one of [
      eventLines([own], 2, { width, theme: PLAIN_THEME })[1],
      wholeEvent(own, { width, theme: PLAIN_THEME })[0],
    ])
      assert.match(one ?? '', /^ +([\d.]+\.000 +)?vdsowatch/);
});

const everything: EventView = { filter: '', onlyFindings: false, eventsBack: 0, eventsEnd: undefined };
const said = (lines: readonly string[]): readonly string[] =>
  lines.map((one) => one.trimEnd()).filter((one) => one !== '');

test('over the whole screen the filter and "findings only" are for the events, and the rule counts', () => {
  const found = finding('vdso-moved', 'info');
  const recent = [
    happened(11, 'one', 3n * SECOND, 'mremap moved the vDSO'),
    happened(12, 'two', 2n * SECOND, 'vdso-moved: it is elsewhere', { finding: found }),
    happened(13, 'three', SECOND, 'munmap took it away', { severity: 'warning' }),
  ];
  const lines = (more: Partial<EventView>) =>
    said(allEvents(recent, { ...everything, ...more }, 6, { width: 80, theme: PLAIN_THEME }).lines);
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

test('a long event is told whole there, and every line of every event can be reached', () => {
  const text = 'mremap(0x7f71eb211000, 0x2000, 0x2000, MAYMOVE|FIXED, 0x700000000000) = 0x700000000000';
  const recent = [1, 2, 3, 4].map((pid) => happened(pid, `proc-${pid}`, BigInt(9 - pid) * SECOND, `${pid}: ${text}`));
  const page = (eventsBack: number) =>
    allEvents(recent, { ...everything, eventsBack }, 6, { width: 80, theme: PLAIN_THEME });
  const words = (lines: readonly string[]) =>
    lines
      .slice(1)
      .map((one) => one.slice(40).trimEnd())
      .join(' ');
  assert.ok(words(page(0).lines).endsWith(`4: ${text}`));
  assert.ok(words(page(1_000_000).lines).startsWith(`1: ${text}`));
  const first = page(1_000_000).view.eventsBack;
  const pages = Array.from({ length: first + 1 }, (_, back) => page(first - back).lines.join('\n'));
  assert.equal(new Set(pages).size, pages.length);
});
