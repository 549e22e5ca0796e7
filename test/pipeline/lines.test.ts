import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HistoryLine } from '../../src/model/state.js';
import { LIMITS } from '../../src/pipeline/ledger.js';
import { addLine } from '../../src/pipeline/lines.js';
import { newSpace } from '../../src/pipeline/spaces.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { begin, T0 } from './build.js';

/** The same with the lines themselves in the rings: plain, and keeps every line until its ring has come round. */
const plainHistories = () => {
  const histories = new Map<string, HistoryLine[]>();
  const rings = { ordinary: [] as HistoryLine[], remarkable: [] as HistoryLine[] };
  const add = (line: HistoryLine): void => {
    const history = histories.get(line.space) ?? [];
    histories.set(line.space, history);
    history.push(line);
    if (history.length > LIMITS.history) history.shift();
    const ring = line.severity === 'info' ? rings.ordinary : rings.remarkable;
    ring.push(line);
    const oldest = ring.length > LIMITS.histories ? ring.shift() : undefined;
    const others = oldest === undefined ? undefined : histories.get(oldest.space);
    const place = oldest === undefined ? -1 : (others?.indexOf(oldest) ?? -1);
    if (place >= 0) others?.splice(place, 1);
  };
  return { add, histories };
};

test('of all lines in histories the newest are kept, and those of one address space are bounded', () => {
  const spaces = 400;
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(spaces * 2 - 1)), fc.integer({ min: 0, max: 100 }), (whose, loud) => {
      const ledger = begin();
      const plain = plainHistories();
      for (let id = 0; id < spaces; id += 1) newSpace(ledger, { id: `s${id}`, bornAt: T0 });
      for (let made = 0; made < 3 * LIMITS.histories; made += 1) {
        const drawn = Number(whose.next().value);
        const line: HistoryLine = {
          at: T0 + BigInt(made),
          pid: 1,
          comm: '',
          // Half of them in a few busy ones.
          space: `s${drawn < spaces ? drawn : drawn % 5}`,
          severity: made % 101 < loud ? 'warning' : 'info',
          text: '',
          event: undefined,
          finding: undefined,
        };
        addLine(ledger, line);
        plain.add(line);
      }
      for (const [id, history] of plain.histories) assert.deepEqual(ledger.spaces.get(id)?.history, history);
    }),
    { numRuns: fuzzRuns(5) },
  );
});
