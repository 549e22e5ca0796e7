import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence, SmapsEntry } from '../../src/model/evidence.js';
import { liveReading } from '../../src/pipeline/reading.js';
import type { Depth } from '../../src/proc/process.js';
import { readingOf, T0 } from './build.js';

const A = 0x7f00_0000_0000n;
const flags = (...codes: readonly string[]): SmapsEntry => ({
  rss: 8,
  anonymous: 0,
  swap: 0,
  sharedClean: 8,
  privateClean: 0,
  privateDirty: 0,
  flags: new Set(codes),
});

/** A machine where processes are as `odd` says; which depth each reading had. */
const machine = (odd: ReadonlySet<number>, startTicks = 5n) => {
  const depths: string[] = [];
  const { read, sweep } = liveReading((pid: number, depth: Depth): Evidence => {
    depths.push(`${pid} ${depth}`);
    const evidence = readingOf({ at: T0, pid, ticks: startTicks, vdso: A });
    const entry = flags('rd', 'ex', ...(odd.has(pid) ? ['sl'] : []));
    return depth === 'census' ? evidence : { ...evidence, smaps: new Map([[A, entry]]) };
  });
  const event = (pid: number, thorough: boolean, parent?: number) =>
    read({ pid, thorough, parent, context: undefined }).subscribe();
  return { depths, event, sweep };
};

/** As the census reads an ordinary 64-bit process. */
const ordinaryReading = (pid: number): Evidence => {
  const reading = readingOf({ at: T0, pid, ticks: 5n, vdso: A });
  return {
    ...reading,
    process: { ...reading.process, parent: 1, state: 'S' },
    vmas: reading.vmas?.slice(0, 1),
    onlyBlock: true,
    pagemap: new Map([[A, new BigUint64Array(2)]]),
  };
};

test('an ordinary process is read briefly, but for what is done to its mappings', () => {
  const { depths, event, sweep } = machine(new Set());
  sweep(1);
  event(1, false);
  event(1, true);
  sweep(1);
  assert.deepEqual(depths, ['1 census', '1 census', '1 full', '1 census']);
});

test('one that showed what only a thorough reading shows is read so from then on, and its children too', () => {
  const { depths, event, sweep } = machine(new Set([1, 2]));
  event(1, true);
  sweep(1);
  event(2, false, 1);
  sweep(2);
  sweep(3);
  assert.deepEqual(depths, ['1 full', '1 full', '2 full', '2 full', '3 census']);
});

test('until it no longer does', () => {
  const odd = new Set([1]);
  const { depths, event, sweep } = machine(odd);
  event(1, true);
  odd.clear();
  sweep(1);
  sweep(1);
  assert.deepEqual(depths, ['1 full', '1 full', '1 census']);
});

test('a glance that shows the same is no reading; one that does not is one', () => {
  let same = true;
  const depths: string[] = [];
  const glanced: [number, bigint | undefined][] = [];
  const { sweep, glance, keep } = liveReading(
    (pid, depth) => {
      depths.push(`${pid} ${depth}`);
      return ordinaryReading(pid);
    },
    (pid, { process: { startTicks } }) => {
      glanced.push([pid, startTicks]);
      return same;
    },
  );
  assert.ok(glance(1), 'who was never read is read');
  sweep(2);
  assert.equal(glance(1), undefined);
  assert.equal(glance(2), undefined);
  same = false;
  assert.equal(glance(2)?.process.pid, 2);
  keep([2]);
  assert.deepEqual(glanced, [
    [1, 5n],
    [2, 5n],
    [2, 5n],
  ]);
  assert.deepEqual(depths, ['1 census', '2 census', '2 census']);
});

test('after a reading that showed it out of the ordinary, a glance will not do', () => {
  const { sweep, glance } = liveReading(
    (pid) => (pid === 1 ? ordinaryReading(pid) : readingOf({ at: T0, pid, ticks: 5n, vdso: A })),
    () => true,
  );
  sweep(1);
  sweep(2);
  assert.equal(glance(1), undefined);
  assert.ok(glance(2));
});

test('what a glance needs is not kept of the thousands that have ended', () => {
  const { sweep, glance, keep } = liveReading(ordinaryReading, () => true);
  for (let pid = 1; pid <= 10_100; pid++) sweep(pid);
  assert.equal(glance(1), undefined);
  keep([2, 3]);
  assert.ok(glance(1));
  assert.equal(glance(2), undefined);
});
