import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Value } from '@sinclair/typebox/value';
import { type Report, ReportJson } from '../../src/model/report.js';
import { candidateAbis } from '../../src/puppet/abi.js';
import { moveVdsoAlone, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { unmap } from '../puppet/moves.js';
import { withPuppet } from '../puppet/with-puppet.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const ps = (...args: readonly string[]) =>
  spawnSync(process.execPath, [MAIN, 'ps', ...args], { encoding: 'utf8', maxBuffer: 2 ** 30 });

const reportOf = (...args: readonly string[]): Report => {
  const { stdout, stderr, status } = ps('--json', ...args);
  assert.equal(status, 0, stderr);
  const document: unknown = JSON.parse(stdout);
  assert.deepEqual([...Value.Errors(ReportJson, document)].slice(0, 3), []);
  assert.ok(Value.Check(ReportJson, document));
  return document;
};

const abi = candidateAbis()[0] ?? 'x86_64';

describe('ps', () => {
  test('one JSON document with every process of the machine', () => {
    const before = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const report = reportOf();
    const after = new Set(readdirSync('/proc'));
    const found = new Set(report.processes.map(({ pid }) => String(pid)));
    assert.deepEqual(
      before.filter((pid) => after.has(pid) && !found.has(pid)),
      [],
    );
    const own = report.processes.find(({ pid }) => pid === process.pid);
    assert.equal(own?.hint, 'ok');
    assert.equal(own?.vdso?.moved, false);
    if (process.getuid?.() === 0) assert.ok(report.processes.some(({ applicable }) => !applicable));
  });

  test('a process that moved its vDSO, and one that has none', async () => {
    await withPuppet({ abi, comm: Buffer.from('mover', 'latin1') }, async (puppet) => {
      const moved = await moveVdsoAlone(puppet);
      const found = reportOf().processes.find(({ pid }) => pid === puppet.pid);
      assert.equal(found?.vdso?.start, `0x${moved.toString(16)}`);
      assert.equal(found?.vdso?.moved, true);
      assert.equal(found?.vdso?.vvarAttached, false);
      assert.deepEqual(reportOf(String(puppet.pid)).processes[0]?.vdso?.moved, true);
      await unmap(puppet, vdsoBlock(puppet).all);
      const [alone] = reportOf(String(puppet.pid)).processes;
      assert.equal(alone?.vdso, null);
      assert.equal(alone?.hint, 'none');
    });
  });

  test('a hostile name is shown and does nothing', async () => {
    await withPuppet({ abi, comm: Buffer.from('a\nb\u001b[2J{x}\xff', 'latin1') }, async (puppet) => {
      for (const format of ['table', 'wide', 'json', 'ndjson']) {
        const { stdout } = ps('-o', format, String(puppet.pid));
        assert.doesNotMatch(stdout, /\u001b|\nb/, format);
        assert.ok(stdout.includes('b'), format);
      }
    });
  });

  test('--baselines has the page set of this host', async () => {
    await withPuppet({ abi, comm: Buffer.from('reader', 'latin1') }, async (puppet) => {
      await puppet.peek(vdsoOf(puppet).start, 8);
      const { pageSets } = reportOf('--baselines');
      assert.ok(pageSets !== undefined);
      if (process.getuid?.() === 0 && pageSets.length > 0)
        assert.ok(pageSets.some(({ processes }) => processes.includes(puppet.pid)));
      assert.equal(reportOf().pageSets, undefined);
    });
  });

  test('a pid that is none, or not there, is one sentence and a status', () => {
    const wrong = ps('12x');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /^vdsowatch: "12x" is not a process id\..*\n$/);
    const missing = ps('4194305');
    assert.equal(missing.status, 3);
    assert.equal(missing.stdout, '');
    assert.match(missing.stderr, /There is no process 4194305/);
    const both = ps('--json', '4194305', String(process.pid));
    assert.equal(both.status, 3);
    assert.match(both.stdout, /"problems":\[\{"kind":"no-process"/);
  });

  test('a reader that goes away is no accident', () => {
    const { status, stderr } = spawnSync('sh', ['-c', `${process.execPath} ${MAIN} ps -o ndjson | head -n 1`], {
      encoding: 'utf8',
    });
    assert.equal(status, 0);
    assert.doesNotMatch(stderr, /EPIPE|at .*js/);
  });
});
