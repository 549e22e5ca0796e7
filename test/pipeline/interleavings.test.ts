import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Frame } from '../../src/pipeline/ledger.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { begin, happened, heard, MS, run } from './build.js';
import { type Action, type Story, type Truth, tell } from './world.js';

const actions = fc.array(
  fc.record<Action>({
    what: fc.constantFrom('fork', 'fork', 'vfork', 'exec', 'move', 'move', 'exit', 'look', 'look'),
    who: fc.nat(20),
    pause: fc.integer({ min: 0, max: 60 }),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Deliveries: events in the order of their time, readings up to 60 ms off among them, in frames of any size. */
const delays = fc.infiniteStream(fc.integer({ min: -60, max: 60 }));
const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 6 }));

const deliver = (
  story: Story,
  delay: Iterator<number>,
  size: Iterator<number>,
  lateBy: (at: bigint) => bigint,
): Frame => {
  const next = (numbers: Iterator<number>): number => Number(numbers.next().value);
  const all: { readonly when: bigint; readonly observation: Observation }[] = [
    ...story.events.map((event) => ({ when: lateBy(event.at), observation: happened(event) })),
    ...story.looks.map((look) => ({ when: look.startedAt + BigInt(next(delay)) * MS, observation: look })),
  ].sort((x, y) => (x.when < y.when ? -1 : x.when > y.when ? 1 : 0));
  const ledger = begin();
  let rest = all.map(({ observation }) => observation);
  while (rest.length > 0) {
    const count = next(size);
    run(ledger, rest.slice(0, count));
    rest = rest.slice(count);
  }
  const pids = new Set(story.truth.map(({ pid }) => pid));
  run(ledger, [{ kind: 'census', at: story.end - 1n, pids }, ...story.sweep]);
  // What was held back for an exec event that never came is given up after half a second.
  return run(ledger, [heard(story.end + 2000n * MS)]);
};

const known = ({ state }: Frame): readonly Truth[] => {
  const living = [...state.processes.values()].filter(({ exitedAt }) => exitedAt === undefined);
  return living
    .map((process): Truth => {
      const space = state.spaces.get(process.space);
      const vdso = space?.verdict?.vdso;
      return {
        pid: process.pid,
        start: vdso?.start ?? 0n,
        moved: vdso?.moved ?? false,
        moves: space?.moves ?? -1,
        space: Math.min(...living.filter((other) => other.space === process.space).map(({ pid }) => pid)),
        generation: process.generation,
      };
    })
    .sort((x, y) => x.pid - y.pid);
};

const sorted = (truth: readonly Truth[]): readonly Truth[] => [...truth].sort((x, y) => x.pid - y.pid);

test('whatever order readings come in among ordered events, the end is the truth', () => {
  fc.assert(
    fc.property(actions, delays, sizes, (script, delay, size) => {
      const story = tell(script);
      const frame = deliver(story, delay[Symbol.iterator](), size[Symbol.iterator](), (at) => at);
      assert.deepEqual(known(frame), sorted(story.truth));
      const unseen = frame.state.recent.filter(({ text }) => text.includes('not observed'));
      assert.deepEqual(unseen, [], 'every call was an event');
      for (const space of frame.state.spaces.values()) {
        const living = [...frame.state.processes.values()].filter(
          (one) => one.space === space.id && one.exitedAt === undefined,
        );
        assert.equal(space.sharers, living.length, `sharers of ${space.id}`);
        assert.equal(living.length > 0 && space.dirty, false, `${space.id} was read after everything`);
      }
    }),
    { numRuns: fuzzRuns(300), includeErrorInReport: true },
  );
});

test('even events that come too late to be ordered leave the truth about who lives and where the vDSO is', () => {
  fc.assert(
    fc.property(actions, delays, sizes, delays, (script, delay, size, late) => {
      const story = tell(script);
      const lates = late[Symbol.iterator]();
      const frame = deliver(story, delay[Symbol.iterator](), size[Symbol.iterator](), (at) => {
        const by = Number(lates.next().value);
        return by > 40 ? at + BigInt(by) * MS : at;
      });
      const place = ({ pid, start, moved }: Truth) => ({ pid, start, moved });
      assert.deepEqual(known(frame).map(place), sorted(story.truth).map(place));
    }),
    { numRuns: fuzzRuns(300), includeErrorInReport: true },
  );
});
