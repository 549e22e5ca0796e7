import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { examineHint, testAllAbis } from '../../src/hint/examine.js';
import { isMeasured } from '../../src/hint/mremap-test.js';
import { hintReport } from '../../src/hint/report.js';
import { HintJson } from '../../src/hint/schema.js';
import { hintText } from '../../src/hint/table.js';
import { procFiles } from '../../src/proc/files.js';
import { readLocalHost } from '../../src/proc/host.js';
import { candidateAbis } from '../../src/puppet/abi.js';
import { startPuppet } from '../../src/puppet/puppet.js';
import { needs } from './needs.js';

test('both halves of the mremap test, for every ABI of this machine', async (t) => {
  const tests = await testAllAbis();
  assert.deepEqual(
    tests.map(({ abi }) => abi),
    candidateAbis(),
  );
  const measured = tests.filter(isMeasured);
  assert.ok(
    measured.length > 0,
    JSON.stringify(tests, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
  for (const one of measured) {
    t.diagnostic(`${one.abi}: ${one.outcome}; ${one.evidence.join('; ')}`);
    // Node 20 needs 4.18, and since 3.16 the name belongs to the mapping.
    assert.deepEqual(
      [one.outcome, one.nameFollowed, one.strangerNamed, one.criuSaysReliable],
      ['kept', true, false, true],
    );
    assert.match(one.evidence[0] ?? '', new RegExp(`^${one.to.toString(16)}-.* r-xp \\[vdso\\]$`));
    assert.match(one.evidence[1] ?? '', new RegExp(`^${one.from.toString(16)}-.* r-xp \\(no name\\)$`));
  }
});

test('hint counts and measures on the processes running now', needs('root'), async () => {
  const before = await examineHint(procFiles(), readLocalHost());
  assert.ok(before.ok);
  assert.deepEqual([...Value.Errors(HintJson, hintReport(before.value))], []);
  const { cost, readable } = before.value;
  if (cost !== undefined) {
    assert.ok(cost.processes > 0 && cost.nanoseconds > 0n);
    assert.equal(cost.systemCalls, 2 * cost.processes + cost.candidates);
  }
  const [abi] = candidateAbis();
  assert.ok(abi !== undefined);
  const more = await Promise.all(Array.from({ length: 5 }, () => startPuppet({ abi })));
  const after = await examineHint(procFiles(), readLocalHost());
  for (const one of more) if (one.ok) await one.value.kill();
  assert.ok(after.ok);
  // Others come and go meanwhile: five more of ours are seen, give or take those.
  assert.ok(after.value.readable >= Math.min(readable, 5), `${readable} before, ${after.value.readable} after`);
  for (const { right, wrong, unknown } of Object.values(after.value.policies))
    assert.equal(right + wrong + unknown, after.value.readable);
  assert.match(hintText(after.value), /mremap test on this kernel/);
});
