import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextKey } from '../../src/model/event.js';
import { kinship } from '../../src/pipeline/kinship.js';
import { execed, exited, forked, moved, SECOND, space, T0, VFORK } from './build.js';

const context = (id: number): string | undefined => contextKey(space(id));
const at = T0 + SECOND;

test('a vforked child is kin until one of them exits', () => {
  const kin = kinship();
  kin.learn(forked({ at, pid: 10, in: 1, child: 11, flags: VFORK }));
  assert.equal(kin.other(context(1), [10]), 11);
  assert.equal(
    kin.leader(context(1), 10, (pid) => pid === 11),
    11,
  );
  kin.learn(exited({ at, pid: 11, in: 1 }));
  assert.equal(kin.other(context(1), [10]), undefined);
});

test('who has made an exec is kin no more', () => {
  const kin = kinship();
  kin.learn(forked({ at, pid: 10, in: 1, child: 11, flags: VFORK }));
  assert.equal(kin.learn(execed({ at, pid: 11, in: 2 })), context(1));
  assert.equal(kin.other(context(1), [10]), undefined);
  assert.equal(
    kin.leader(context(1), 10, () => true),
    10,
  );
  assert.equal(kin.learn(exited({ at, pid: 11, in: 2 })), undefined);
});

test('20,000 later address spaces push out old kin, and never those of the last 4,000', () => {
  const kin = kinship();
  for (let id = 1; id <= 20_000; id++) {
    kin.learn(forked({ at, pid: id, in: id, child: id + 100_000, flags: VFORK }));
    const recent = Math.max(1, id - 4000);
    assert.equal(kin.other(context(recent), [recent]), recent + 100_000);
  }
  assert.equal(kin.other(context(1), [1]), undefined);
  kin.learn(moved({ at, pid: 1, in: 1, from: 0x7000_0000_0000n, to: 0x7000_1000_0000n }));
  assert.equal(kin.other(context(1), []), 1);
});
