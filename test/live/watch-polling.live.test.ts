import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { moveVdsoAlone, vdsoOf } from '../../src/puppet/moves.js';
import { unmap } from '../puppet/moves.js';
import type { Puppet } from '../puppet/puppet.js';
import { withPuppet } from '../puppet/with-puppet.js';
import { needs } from './needs.js';
import { livingIn, watchingFor } from './watching.js';

/** The same without probes: what sweeps of /proc can see, and what they say that they cannot. */

const live = { ...needs('root'), timeout: 120_000 };
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const watch = watchingFor(live, false);

/** With ten thousand processes a sweep comes once in a minute; the tests do not wait for it. */
const soon = (): void => watch().rescan();

const withOne = (act: (puppet: Puppet) => Promise<void>) =>
  withPuppet({ abi: 'x86_64' }, async (puppet) => {
    soon();
    await watch().settled(puppet.pid);
    await act(puppet);
  });

test('it says that it polls', live, () => {
  assert.equal(watch().state().tracer.mode, 'polling');
});

test('a move is found by its effect, and the line says so', live, async () => {
  await withOne(async (puppet) => {
    const to = await moveVdsoAlone(puppet);
    soon();
    const seen = await watch().until('the moved vDSO', (state) => {
      const one = livingIn(state, puppet.pid);
      return one?.space.verdict?.vdso?.start === to ? one : undefined;
    });
    assert.equal(seen.space.verdict?.vdso?.moved, true);
    const line = await watch().line('the move', ({ pid, text }) => pid === puppet.pid && /not observed$/.test(text));
    assert.equal(line.event, undefined);
  });
});

test('an unmapped vDSO is found', live, async () => {
  await withOne(async (puppet) => {
    await unmap(puppet, [vdsoOf(puppet)]);
    soon();
    await watch().line('the finding', ({ pid, finding }) => pid === puppet.pid && finding?.code === 'vdso-unmapped');
  });
});

test('an exec is a new generation', live, async () => {
  await withOne(async (puppet) => {
    await moveVdsoAlone(puppet);
    soon();
    await watch().line('the finding', ({ pid, finding }) => pid === puppet.pid && finding?.code === 'vdso-moved');
    assert.equal(await puppet.exec(), 0n);
    soon();
    const seen = await watch().until('the new image', (state) => {
      const one = livingIn(state, puppet.pid);
      return one?.process.generation === 1 ? one : undefined;
    });
    assert.equal(seen.space.verdict?.vdso?.moved, false);
    assert.equal(seen.space.verdict?.vdso?.start, vdsoOf(puppet).start);
  });
});

test('an end is noticed', live, async () => {
  await withOne(async (puppet) => {
    await puppet.kill();
    soon();
    await watch().until('the mark', ({ processes }) =>
      [...processes.values()].find(({ pid, exitedAt }) => pid === puppet.pid && exitedAt !== undefined),
    );
  });
});

const asNobody = { uid: 65534, gid: 65534 };
const readableForAll = (): boolean => {
  try {
    execFileSync(process.execPath, ['-e', `require('node:fs').readFileSync(${JSON.stringify(MAIN)})`], {
      ...asNobody,
      cwd: '/',
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
};

test('not root: own processes, the rest unreadable, and it is said once why', live, async (context) => {
  if (!readableForAll()) return context.skip('the checkout is not readable for other users');
  const child = spawn(process.execPath, [MAIN, 'watch', '--duration', '5'], {
    ...asNobody,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  await once(child, 'close');
  assert.equal(child.exitCode, 0, errors);
  assert.match(text, /warning vdsowatch: polling: /);
  assert.match(text, /census: \d+ processes, \d+ with findings, [1-9]\d* that cannot be read/);
  assert.equal(text.match(/Not root/g)?.length, 1, text);
  assert.equal(errors, '');
});
