import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readBundle } from '../../src/bundle/read.js';
import { captureScript } from '../../src/bundle/script.js';
import { run } from '../../src/commands/capture.js';
import { judge } from '../../src/judge/judge.js';
import type { Evidence, Host } from '../../src/model/evidence.js';
import type { Verdict } from '../../src/model/verdict.js';
import { localBootClock, wallOffset } from '../../src/proc/clock.js';
import { procFiles } from '../../src/proc/files.js';
import { procContext, readLocalHost } from '../../src/proc/host.js';
import { readProcess } from '../../src/proc/process.js';
import { candidateAbis } from '../../src/puppet/abi.js';
import { moveVdsoAlone, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { cover, moveBlock, unmap } from '../puppet/moves.js';
import { type Puppet, startPuppet } from '../puppet/puppet.js';
import { needs, onPath } from './needs.js';

/** Issue 3, Shows 6: what the script or `capture` wrote is judged as the live process is. */
const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-capture-'));
const script = join(folder, 'capture.sh');
const puppets: { readonly did: string; readonly puppet: Puppet }[] = [];

before(async () => {
  const text = captureScript();
  assert.ok(text.ok);
  writeFileSync(script, text.value);
  for (const abi of candidateAbis()) {
    const acts: readonly (readonly [string, (puppet: Puppet) => Promise<unknown>])[] = [
      ['nothing', async () => {}],
      ['moved its vDSO alone', moveVdsoAlone],
      ['moved the block', moveBlock],
      ['unmapped all', (puppet) => unmap(puppet, vdsoBlock(puppet).all)],
      [
        'covered its vDSO',
        (puppet) => {
          const vdso = vdsoOf(puppet);
          return cover(puppet, vdso.start, vdso.end - vdso.start);
        },
      ],
      [
        'ended its main thread alone',
        async (puppet) => {
          await moveVdsoAlone(puppet);
          await puppet.fork({ flags: 0x10f00n });
          puppet.call('exit', 0).catch(() => {});
          for (let turn = 0; turn < 1000 && !isZombie(puppet); turn++) await setTimeout(5);
          assert.ok(isZombie(puppet));
        },
      ],
      [
        'wrote page 0',
        async (puppet) => {
          const { start, end } = vdsoOf(puppet);
          await puppet.call('mprotect', start, end - start, 7n);
          await puppet.poke(start, await puppet.peek(start, 1));
        },
      ],
    ];
    for (const [did, act] of acts) {
      const started = await startPuppet({ abi });
      if (!started.ok) break;
      puppets.push({ did: `${abi}: ${did}`, puppet: started.value });
      await act(started.value);
      // The bytes make pages present: done now, so that whoever looks first does not see another process.
      live(started.value, 'unknown');
    }
  }
  assert.ok(puppets.length >= 6);
});
after(async () => {
  for (const { puppet } of puppets) await puppet.kill();
  rmSync(folder, { recursive: true, force: true });
});

const isZombie = ({ pid }: Puppet): boolean => /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));

/** A test may wait long; a clock in another unit or zone is further off. */
const HOUR = 3_600_000_000_000n;
/** A shell has whole seconds of the time of day, and a busy host makes it wait. */
const CLOCKS = 60_000_000_000n;

/** The verdict without the words of its evidence: those name their source, and sources differ. */
const told = (verdict: Verdict): unknown => ({
  ...verdict,
  mappings: verdict.mappings.map(({ evidence: _, ...mapping }) => mapping),
  findings: verdict.findings.map(({ evidence: _, ...finding }) => finding),
  policies: Object.fromEntries(
    Object.entries(verdict.policies).map(([name, { decision, right }]) => [name, { decision, right }]),
  ),
});

const agrees = async (bundle: string): Promise<void> => {
  const read = await readBundle(bundle);
  assert.ok(read.ok, read.ok ? '' : read.failure.text);
  assert.deepEqual(read.value.problems, []);
  const { taken, host } = read.value;
  assert.equal(host.bootId, readLocalHost().host.bootId, 'evidence of another boot is told by its id');
  assert.ok(taken?.until.time !== undefined && taken.from.at <= taken.until.at);
  const [now, uptime] = [localBootClock().now(), wallOffset()];
  assert.ok(taken.until.at <= now && now - taken.until.at < HOUR, 'the boot clock of this host');
  const shift = taken.until.time - taken.until.at - uptime;
  assert.ok(shift < CLOCKS && shift > -CLOCKS, 'the time of day of this host');
  const captured = new Map(read.value.processes.map((evidence) => [evidence.process.pid, evidence]));
  assert.equal(captured.size, puppets.length);
  for (const { did, puppet } of puppets) {
    const evidence = captured.get(puppet.pid);
    assert.ok(evidence !== undefined, did);
    assert.deepEqual(told(judge(evidence)), told(judge(live(puppet, read.value.host.hintTest))), did);
  }
};

const live = (puppet: Puppet, hintTest: Host['hintTest']): Evidence => {
  const files = procFiles();
  return readProcess(puppet.pid, 'full', { bytes: true, proc: procContext(files, readLocalHost(files, hintTest)) });
};
const pids = (): string[] => puppets.map(({ puppet }) => String(puppet.pid));

describe('a bundle is judged as the live processes are', () => {
  const shells: readonly (readonly [string, ReturnType<typeof needs>, readonly string[]])[] = [
    ['dash', needs('dash'), ['dash']],
    ['busybox sh', needs('busybox'), ['busybox', 'sh']],
    ['the sh of this host', needs(), ['sh']],
  ];
  for (const [name, options, [shell = 'sh', ...args]] of shells)
    test(`written by the script, run by ${name}`, options, async () => {
      const out = join(folder, name.replaceAll(' ', '-'));
      const result = spawnSync(shell, [...args, script, '-o', out, ...pids()], { encoding: 'utf8' });
      assert.equal(result.status, 0, result.stderr);
      await agrees(out);
    });

  test('written by the script with nothing but busybox on the path', needs('busybox'), async () => {
    const out = join(folder, 'busybox-only');
    const tools = join(folder, 'tools');
    execFileSync('busybox', ['mkdir', tools]);
    execFileSync('busybox', ['--install', '-s', tools]);
    const result = spawnSync(join(tools, 'sh'), [script, '-o', out, ...pids()], {
      encoding: 'utf8',
      env: { PATH: tools },
    });
    assert.equal(result.status, 0, result.stderr);
    await agrees(out);
  });

  test('written by capture, as a directory and as an archive', async () => {
    for (const output of [join(folder, 'made'), join(folder, 'made.tar.gz')]) {
      assert.equal(await run(pids().map(Number), { output }), 0);
      await agrees(output);
    }
  });
});

describe('the script says what is wrong', () => {
  const shell = onPath('dash') === undefined ? 'sh' : 'dash';
  const attempt = (...args: readonly string[]) => spawnSync(shell, [script, ...args], { encoding: 'utf8' });

  test('no pid, no place, no such process, a place that is taken', () => {
    assert.equal(attempt().status, 2);
    assert.equal(attempt('-o', join(folder, 'a')).status, 2);
    assert.equal(attempt('-o', join(folder, 'a'), '12x').status, 2);
    assert.equal(attempt('1').status, 2);
    assert.equal(attempt('-o', script, '1').status, 3);
    const missing = attempt('-o', join(folder, 'b'), '4194305');
    assert.equal(missing.status, 3);
    assert.match(missing.stderr, /There is no process 4194305/);
    assert.equal(attempt('-o', folder, '1').status, 3);
  });

  test('those that can be captured are, when others cannot', async () => {
    const out = join(folder, 'partly');
    assert.equal(attempt('-o', out, '4194305', String(process.pid)).status, 3);
    const read = await readBundle(out);
    assert.ok(read.ok);
    assert.deepEqual(
      read.value.processes.map(({ process }) => process.pid),
      [process.pid],
    );
  });
});
