import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { moveStep, moveVdsoAlone, reserve, vdsoOf } from '../../src/puppet/moves.js';
import { moveBurst } from '../puppet/moves.js';
import type { Puppet } from '../puppet/puppet.js';
import { loop } from '../puppet/step.js';
import { needs } from './needs.js';
import { isCall, livingIn, watchingFor, withWatched } from './watching.js';

/** Storms, Valgrind, and a tracer that is killed under our hands. */

const live = { ...needs('root', 'bpftrace'), timeout: 180_000 };
const watch = watchingFor(live);

const withOne = (act: (puppet: Puppet) => Promise<void>) => withWatched(watch(), { abi: 'x86_64' }, act);

const callsOf = (pid: number): number =>
  watch().lines.filter(({ event }) => isCall(event) && event.tgid === pid).length;

test('100,000 mremaps of other memory are no event', live, async () => {
  await withOne(async (puppet) => {
    const here = await reserve(puppet, 0x2000n);
    const there = await reserve(puppet, 0x2000n);
    const area = { ...vdsoOf(puppet), start: here, end: here + 0x2000n };
    const back = { ...area, start: there, end: there + 0x2000n };
    await puppet.run(moveStep(area, there), moveStep(back, here), loop(0, 50_000));
    await watch().settled(puppet.pid);
    assert.equal(callsOf(puppet.pid), 0);
  });
});

test('20,000 moves in a burst: all are counted, or the loss is told; the end is right either way', live, async () => {
  await withOne(async (puppet) => {
    const { start } = vdsoOf(puppet);
    const { lost, gaps } = watch().state().counters;
    assert.equal(await moveBurst(puppet, 10_000), 0);
    const to = await moveVdsoAlone(puppet);
    const seen = await watch().settled(puppet.pid);
    assert.equal(seen.space.verdict?.vdso?.start, to);
    assert.equal(seen.space.verdict?.vdso?.moved, true);
    assert.notEqual(to, start);
    // A loss is told by the heartbeat after the next.
    const all = (): boolean => callsOf(puppet.pid) === 20_001;
    const { counters } = await watch().until('all of them, or the gap', (state) =>
      all() || state.counters.gaps > gaps ? state : undefined,
    );
    if (counters.gaps > gaps) assert.ok(counters.lost > lost, 'a gap of known size');
    else assert.equal((await watch().settled(puppet.pid)).space.moves, 20_001);
  });
});

/** Our own bpftrace: a child of this process. */
const bpftraces = (): readonly number[] =>
  readdirSync(`/proc/${process.pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, 'latin1')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number)
      .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'latin1') === 'bpftrace\n'),
  );

test(
  'bpftrace is killed: it is started again, the gap is told, and what happened meanwhile is found',
  live,
  async () => {
    await withOne(async (puppet) => {
      const [pid] = bpftraces();
      assert.ok(pid !== undefined);
      const { gaps } = watch().state().counters;
      process.kill(pid, 'SIGKILL');
      await watch().until('the outage', ({ tracer }) => (tracer.mode === 'ebpf' ? undefined : tracer));
      const to = await moveVdsoAlone(puppet);
      await watch().until('the gap', ({ counters }) => (counters.gaps > gaps ? counters : undefined));
      await watch().until('probes again', ({ tracer }) => (tracer.mode === 'ebpf' ? tracer : undefined));
      const seen = await watch().settled(puppet.pid);
      assert.equal(seen.space.verdict?.vdso?.start, to);
      assert.equal(seen.space.verdict?.vdso?.moved, true);
      await watch().line(
        'the move by its effect',
        (line) => line.pid === puppet.pid && /not observed$/.test(line.text),
      );
      const again = await moveVdsoAlone(puppet);
      assert.equal((await watch().settled(puppet.pid)).space.verdict?.vdso?.start, again, 'events arrive again');
      assert.equal(callsOf(puppet.pid) > 0, true);
    });
  },
);

test('Valgrind runs a program: its vDSO is unmapped, vvar is left behind', {
  ...live,
  ...needs('root', 'bpftrace', 'valgrind'),
}, async () => {
  const child = spawn('valgrind', ['--tool=none', '/bin/sleep', '100'], { stdio: 'ignore' });
  try {
    assert.ok(child.pid !== undefined);
    const { pid } = child;
    await watch().line(
      'the munmap',
      ({ event }) => isCall(event) && event.tgid === pid && event.call === 'munmap' && event.result === 0n,
    );
    const seen = await watch().until('the process without a vDSO', (state) => {
      const one = livingIn(state, pid);
      return one?.space.verdict?.vdso === null && !one.space.dirty ? one : undefined;
    });
    const codes = seen.space.verdict?.findings.map(({ code }) => code) ?? [];
    assert.ok(codes.includes('vdso-unmapped'), codes.join(' '));
    assert.ok(codes.includes('vvar-orphaned'), codes.join(' '));
  } finally {
    child.kill('SIGKILL');
  }
});
