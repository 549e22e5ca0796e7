import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEverydayLife } from '../../src/model/state.js';
import { LIMITS } from '../../src/pipeline/ledger.js';
import { begin, forked, happened, MS, moved, read, run, stateOf, T0 } from './build.js';

const A = 0x7f00_0000_0000n;
const at = (ms: number): bigint => T0 + BigInt(ms) * MS;
const known = (pid: number) => read({ at: at(0), pid, ticks: at(-1000) / 10_000_000n, vdso: A });
const count = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

test('a host that forks all the time pushes a move out of sight', () => {
  const ledger = begin();
  run(ledger, [known(100), known(200), happened(moved({ at: at(10), pid: 200, in: 8, from: A, to: A + 0x4000n }))]);
  const fork = (index: number) => happened(forked({ at: at(20 + index), pid: 100, in: 7, child: 1000 + index }));
  for (const part of count(12))
    run(
      ledger,
      count(200).map((index) => fork(200 * part + index)),
    );
  const { recent } = run(ledger, []).state;
  assert.ok(recent.length >= LIMITS.recent && recent.length <= LIMITS.recent + LIMITS.recentSurplus);
  assert.deepEqual(
    recent.filter((line) => line.pid === 200 && line.event?.kind === 'call').map((line) => line.at),
    [at(10)],
  );
  assert.equal(recent.at(-1)?.at, at(20 + 2399), 'the newest fork');
});

test('a storm of moves leaves no fork to be seen', () => {
  const ledger = begin();
  run(ledger, [known(100), known(200)]);
  const both = (index: number) => [
    happened(forked({ at: at(20 + index), pid: 100, in: 7, child: 1000 + index })),
    ...count(5).map(() => happened(moved({ at: at(20 + index), pid: 200, in: 8, from: A, to: A + 0x4000n }))),
  ];
  for (const part of count(10))
    run(
      ledger,
      count(100).flatMap((index) => both(100 * part + index)),
    );
  const { recent } = run(ledger, []).state;
  assert.equal(recent.length, LIMITS.recent);
  const forks = recent.filter(isEverydayLife);
  assert.equal(forks.length, LIMITS.recent / 2);
  assert.equal(forks.at(-1)?.at, at(20 + 999));
  assert.ok(
    recent.every((line, index) => line.at >= (recent[index - 1]?.at ?? 0n)),
    'in their order',
  );
});

test('a shell that starts many programs forgets who moved its vDSO', () => {
  const ledger = begin();
  const move = happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: A + 0x4000n }));
  const forks = count(100).map((index) =>
    happened(forked({ at: at(20 + index), pid: 100, in: 7, child: 1000 + index })),
  );
  const history = stateOf(run(ledger, [known(100), move, ...forks]), 100).space?.history ?? [];
  assert.equal(history.length, LIMITS.history);
  assert.equal(history.find(({ event }) => event?.kind === 'call')?.at, at(10));
  assert.equal(history.at(-1)?.at, at(20 + 99));
});
