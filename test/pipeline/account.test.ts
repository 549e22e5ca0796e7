import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzzRuns } from '../fuzz-runs.js';
import { begin, happened, run, T0 } from './build.js';
import { type Action, tell } from './world.js';

const actions = fc.array(
  fc.record<Action>({
    what: fc.constantFrom('fork', 'vfork', 'exec', 'move', 'exit', 'look'),
    who: fc.nat(20),
    pause: fc.integer({ min: 0, max: 60 }),
  }),
  { minLength: 1, maxLength: 40 },
);

const changedKeys = <T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));

test('every entry that changes is accounted for, and a space is put again when its members change', () => {
  fc.assert(
    fc.property(actions, fc.integer({ min: 1, max: 5 }), (acted, size) => {
      const story = tell(acted);
      const all = [
        ...story.events.map((event) => ({ at: event.at, observation: happened(event) })),
        ...story.looks.map((look) => ({ at: look.startedAt, observation: look })),
      ]
        .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
        .map(({ observation }) => observation);
      const ledger = begin();
      const { changes } = ledger;
      for (let from = 0; from < all.length; from += size) {
        const before = { processes: new Map(ledger.processes), spaces: new Map(ledger.spaces) };
        const known = { processes: changes.processes.count, spaces: changes.spaces.count };
        run(ledger, all.slice(from, from + size));
        const told = new Set(changes.processes.since(known.processes));
        for (const key of changedKeys(before.processes, ledger.processes)) assert.ok(told.has(key), key);
        const toldSpaces = new Set(changes.spaces.since(known.spaces));
        for (const id of changedKeys(before.spaces, ledger.spaces)) assert.ok(toldSpaces.has(id), id);
        const members = new Map([...ledger.spaces].map(([id, space]) => [id, new Set(space.members)]));
        for (const { key, space } of ledger.processes.values()) assert.ok(members.get(space)?.has(key), key);
      }
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('the state does not know whether all processes have been looked at', () => {
  const ledger = begin();
  assert.equal(run(ledger, [{ kind: 'census', at: T0, pids: new Set([7]) }]).state.counters.sweeps, 0);
  assert.equal(run(ledger, [{ kind: 'swept', at: T0 }]).state.counters.sweeps, 1);
});
