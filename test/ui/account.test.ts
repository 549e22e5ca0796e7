import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openJournal } from '../../src/model/journal.js';
import { COLUMNS } from '../../ui/columns.js';
import { createListing, list } from '../../ui/listing.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { finding, type Made, made, watchState } from './fixture.js';

interface Change {
  readonly what: 'process' | 'space' | 'gone';
  readonly pid: number;
  readonly start: number;
  readonly space: number;
  readonly severity: 'info' | 'error' | undefined;
  readonly sharers: number;
  readonly exited: boolean;
}

const anyChange: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom('process', 'process', 'space', 'gone'),
  pid: fc.integer({ min: 1, max: 12 }),
  start: fc.integer({ min: 1, max: 2 }),
  space: fc.integer({ min: 1, max: 6 }),
  severity: fc.constantFrom(undefined, 'info', 'error'),
  sharers: fc.integer({ min: 1, max: 3 }),
  exited: fc.boolean(),
});

/** A state whose owner keeps account of it as the pipeline does: a space is put again when its members change. */
const accounted = (most: number) => {
  const processes = new Map<string, Made['process']>();
  const spaces = new Map<string, Made['space']>();
  const changes = { processes: openJournal(most), spaces: openJournal(most) };
  const putSpace = (space: Made['space'] | undefined): void => {
    if (space === undefined) return;
    const members = [...processes.values()].filter((process) => process.space === space.id).map(({ key }) => key);
    if (members.length === 0) spaces.delete(space.id);
    else spaces.set(space.id, { ...space, members });
    changes.spaces.note(space.id);
  };
  const change = ({ what, pid, start, space, severity, sharers, exited }: Change): void => {
    const key = `${pid}@${start}`;
    const left = processes.get(key)?.space ?? '';
    const one = made({
      pid,
      process: { key, space: `s${space}`, exitedAt: exited ? 1n : undefined },
      space: { id: `s${space}`, sharers },
      verdict: { findings: severity === undefined ? [] : [finding('bad', severity)] },
    });
    if (what === 'gone') processes.delete(key);
    else if (what === 'process') processes.set(key, one.process);
    if (what !== 'space') {
      changes.processes.note(key);
      putSpace(spaces.get(left));
    }
    if (what !== 'gone') putSpace(one.space);
  };
  return { change, state: () => ({ ...watchState([]), processes, spaces, changes }) };
};

const anyCriteria = fc.record({
  sort: fc.record({ column: fc.constantFrom(...COLUMNS.map(({ name }) => name)), descending: fc.boolean() }),
  filter: fc.constantFrom('', 'bad', '!proc-1'),
  onlyFindings: fc.boolean(),
});

test('a state that keeps account of its changes is listed as one that is looked through', () => {
  const frames = fc.array(fc.array(anyChange, { maxLength: 6 }), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(anyCriteria, { minLength: 1, maxLength: 2 }), fc.nat(20), (all, asked, most) => {
      const remembering = createListing();
      const { change, state } = accounted(most + 1);
      for (const [frame, changes] of all.entries()) {
        for (const one of changes) change(one);
        const criteria = asked[Math.floor(frame / 4) % asked.length];
        assert.ok(criteria !== undefined);
        assert.deepEqual(remembering(state(), criteria), list({ ...state(), changes: undefined }, criteria));
      }
    }),
    { numRuns: fuzzRuns(500) },
  );
});

test('a journal tells what changed since, in order, and says when it has forgotten some of it', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (keys, most) => {
      const journal = openJournal(most);
      for (const key of keys) journal.note(key);
      assert.equal(journal.count, keys.length);
      for (let known = 0; known <= keys.length; known += 1) {
        const told = journal.since(known);
        assert.deepEqual(told, keys.length - known > most ? undefined : keys.slice(known));
      }
    }),
  );
});
