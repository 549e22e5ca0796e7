import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WatchState } from '../../src/model/state.js';
import { COLUMNS } from '../../ui/columns.js';
import { type Criteria, createListing, list } from '../../ui/listing.js';
import { place } from '../../ui/place.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { finding, livelyState, type Made, made, watchState } from './fixture.js';

const criteria: Criteria = { sort: { column: 'finding', descending: true }, filter: '', onlyFindings: false };
const pids = (state: WatchState, changes: Partial<Criteria> = {}): readonly number[] =>
  list(state, { ...criteria, ...changes }).rows.map(({ process }) => process.pid);

test('worst first, then by pid; kernel threads and what has exited well last', () => {
  const sorted = pids(livelyState());
  assert.deepEqual(sorted.slice(0, 5), [2330, 2210, 2380, 1, 871]);
  assert.deepEqual(sorted.slice(-2), [2, 2500]);
});

test('the filter finds pid, comm, state, hint, abi and finding; words narrow, "!" excludes', () => {
  const state = livelyState();
  assert.deepEqual(pids(state, { filter: '2210' }), [2210]);
  assert.deepEqual(pids(state, { filter: 'SSHD' }), [871]);
  assert.deepEqual(pids(state, { filter: 'i386' }), [1044]);
  assert.deepEqual(pids(state, { filter: 'page-mod' }), [2380]);
  assert.deepEqual(pids(state, { filter: 'worker !restore' }), [2400, 2401]);
  assert.deepEqual(pids(state, { filter: '!' }).length, 13);
  assert.deepEqual(pids(state, { onlyFindings: true }), [2330, 2210, 2380]);
});

test('processes of one address space are told of each other, exited ones are not counted', () => {
  const listing = list(livelyState(), criteria);
  assert.deepEqual([...listing.sharers], [['space-2400', [2400, 2401]]]);
  assert.equal(listing.alive, 12);
  assert.equal(listing.exited, 1);
  assert.equal(listing.errors, 2);
  assert.equal(listing.warnings, 1);
});

/** Processes come, go, change, swap spaces and lose them; the maps are sometimes shared and changed in place. */
const anyMachine = fc.array(
  fc.record({
    pid: fc.integer({ min: 1, max: 12 }),
    start: fc.integer({ min: 1, max: 2 }),
    space: fc.integer({ min: 1, max: 6 }),
    severity: fc.constantFrom(undefined, 'info' as const, 'error' as const),
    sharers: fc.integer({ min: 1, max: 3 }),
    withSpace: fc.boolean(),
    exited: fc.boolean(),
  }),
  { maxLength: 12 },
);
const anyCriteria = fc.record({
  sort: fc.record({ column: fc.constantFrom(...COLUMNS.map(({ name }) => name)), descending: fc.boolean() }),
  filter: fc.constantFrom('', '1', 'proc', '!proc-1', 'bad'),
  onlyFindings: fc.boolean(),
});

test('what is remembered between frames never changes the answer', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyMachine, anyCriteria), { maxLength: 8 }),
      fc.boolean(),
      fc.constantFrom(0, 3, 800),
      (steps, inPlace, few) => {
        const remembering = createListing(few);
        const processes = new Map<string, Made['process']>();
        const spaces = new Map<string, Made['space']>();
        for (const [machine, wanted] of steps) {
          const next = machine.map(({ pid, start, space, severity, sharers, withSpace, exited }) => ({
            withSpace,
            one: made({
              pid,
              process: { key: `${pid}@${start}`, space: `s${space}`, exitedAt: exited ? 1n : undefined },
              space: { id: `s${space}`, sharers },
              verdict: { findings: severity === undefined ? [] : [finding('bad', severity)] },
            }),
          }));
          const keys = new Set(next.map(({ one }) => one.process.key));
          for (const key of [...processes.keys()]) if (!keys.has(key)) processes.delete(key);
          const ids = new Set(next.filter(({ withSpace }) => withSpace).map(({ one }) => one.space.id));
          for (const id of [...spaces.keys()]) if (!ids.has(id)) spaces.delete(id);
          for (const { one, withSpace } of next) {
            processes.set(one.process.key, one.process);
            if (withSpace) spaces.set(one.space.id, one.space);
          }
          const state: WatchState = {
            ...watchState([]),
            processes: inPlace ? processes : new Map(processes),
            spaces: inPlace ? spaces : new Map(spaces),
          };
          assert.deepEqual(remembering(state, wanted), list(state, wanted));
        }
      },
    ),
    { numRuns: fuzzRuns(300) },
  );
});

test('rows are made only for processes that changed', () => {
  const state = watchState(Array.from({ length: 50 }, (_, index) => made({ pid: index + 1 })));
  const listing = createListing();
  const before = listing(state, criteria);
  const rows = [...before.rows];
  assert.equal(listing({ ...state, now: state.now + 1n }, criteria), before);
  const space = state.spaces.get('space-7');
  assert.ok(space !== undefined);
  const after = listing({ ...state, spaces: new Map(state.spaces).set('space-7', { ...space, moves: 1 }) }, criteria);
  assert.deepEqual(
    after.rows.filter((row, index) => row !== rows[index]).map(({ process }) => process.pid),
    [7],
  );
});

test('columns fill the width they are given, at every width', () => {
  for (let width = 1; width <= 300; width += 1) {
    for (const foretell of [false, true]) {
      const placed = place(width, foretell);
      const used = placed.reduce((sum, { width: cells, gap }) => sum + cells + gap, 1);
      assert.ok(used <= Math.max(width, 1), `${used} of ${width}`);
      if (placed.length === COLUMNS.length - (foretell ? 0 : 1)) assert.equal(used, width);
      assert.equal(placed[0]?.column.name, 'pid');
    }
  }
});
