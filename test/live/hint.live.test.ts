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
import { vdsoOf } from '../../src/puppet/moves.js';
import { moveBlock } from '../puppet/moves.js';
import { startPuppet } from '../puppet/puppet.js';
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

test('the PFN check is counted on the running processes: wrong about a copied first page', needs('root'), async () => {
  const [abi] = candidateAbis();
  assert.ok(abi !== undefined);
  const [moved, copied] = await Promise.all([
    startPuppet({ abi }),
    startPuppet({ abi, comm: Buffer.from('a\n\x1b[2J') }),
  ]);
  assert.ok(moved.ok && copied.ok);
  try {
    await moveBlock(moved.value);
    const { start, end } = vdsoOf(copied.value);
    assert.equal(await copied.value.call('mprotect', start, end - start, 7), 0n);
    const [first = 0] = await copied.value.peek(start, 1);
    await copied.value.poke(start, Uint8Array.of(first));
    const examined = await examineHint(procFiles(), readLocalHost());
    assert.ok(examined.ok);
    const { policies, readable, cost } = examined.value;
    for (const { right, wrong, unknown } of Object.values(policies)) assert.equal(right + wrong + unknown, readable);
    const wrong = policies.pfn.wrongAbout.map(({ pid }) => pid);
    assert.ok(wrong.includes(copied.value.pid), `wrong about ${wrong.join(', ')}`);
    assert.ok(!wrong.includes(moved.value.pid));
    assert.ok(policies.hint.wrongAbout.every(({ pid }) => pid !== copied.value.pid && pid !== moved.value.pid));

    const report = hintReport(examined.value);
    assert.deepEqual([...Value.Errors(HintJson, report)], []);
    const named = report.processes.checks.pfn.wrongAbout.find(({ pid }) => pid === copied.value.pid);
    assert.equal(named?.comm, 'a\\n\\x1b[2J');
    assert.ok(named?.criuMessages.some((line) => line.includes('Drop mishinted vDSO status')));
    const text = hintText(examined.value);
    assert.match(text, new RegExp(`The PFN check is wrong about:[^]*${copied.value.pid} +a`));
    assert.ok(!text.includes('\x1b'));
    assert.ok(cost === undefined || (cost.processes >= 2 && cost.candidates >= 2 && cost.nanoseconds > 0n));
    assert.equal(cost?.systemCalls, cost && 2 * cost.processes + cost.candidates);
  } finally {
    await moved.value.kill();
    await copied.value.kill();
  }
});
