import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { probesFolder } from '../../src/bpftrace/script.js';
import type { CallEvent, Event, GapEvent, StatusEvent } from '../../src/model/event.js';
import { moveVdsoAlone } from '../../src/puppet/moves.js';
import { moveBurst } from '../puppet/moves.js';
import { withPuppet } from '../puppet/with-puppet.js';
import { needs } from './needs.js';
import { bpftraces, bpftracesOf, lost, ownBpftraces, startTracing, untilGone, whileTracing } from './tracing.js';

/** The life of a bpftrace under the wrapper: killed, stopped, orphaned, and each script by itself. */

describe('a running tracer', needs('root', 'bpftrace'), () => {
  const [installed = 'bpftrace'] = bpftraces();

  /** Other tests of this machine may run 32-bit processes meanwhile: those gaps ("late") are not meant here. */
  const isOutage = (event: Event): event is GapEvent =>
    event.kind === 'gap' && (event.cause === 'restarted' || event.cause === 'stuck');
  /** The main one, which was started first. */
  const ownBpftrace = (): number => {
    const [pid] = [...ownBpftraces()].sort((a, b) => a - b);
    assert.ok(pid !== undefined);
    return pid;
  };

  test('bpftrace killed: a gap, a restart, and events again', () =>
    whileTracing({ bpftrace: installed }, async (tracing) => {
      process.kill(ownBpftrace(), 'SIGKILL');
      const waiting = await tracing.until(
        (event): event is StatusEvent => event.kind === 'status' && event.status.mode === 'polling',
      );
      assert.match(waiting.status.text, /SIGKILL/);
      const gap = await tracing.until(isOutage);
      assert.equal(gap.cause, 'restarted');
      assert.ok(gap.from < waiting.at && waiting.at < gap.at);
      await tracing.until(
        (event): event is StatusEvent => event.kind === 'status' && event.status.mode === 'ebpf' && event.at >= gap.at,
      );
      const mover = await withPuppet({ abi: 'x86_64' }, async (puppet) => {
        await moveVdsoAlone(puppet);
        return puppet.pid;
      });
      const moved = await tracing.until((event): event is CallEvent => event.kind === 'call' && event.tgid === mover);
      assert.equal(moved.call, 'mremap');
    }));

  test('stopping leaves none behind', async () => {
    await whileTracing({ bpftrace: installed }, async () => {});
    assert.deepEqual(ownBpftraces(), []);
  });

  test('one that hangs is given up as stuck, replaced, and killed', () =>
    whileTracing({ bpftrace: installed }, async (tracing) => {
      const pid = ownBpftrace();
      process.kill(pid, 'SIGSTOP');
      const gap = await tracing.until(isOutage);
      assert.equal(gap.cause, 'stuck');
      await untilGone([pid]);
    }));

  for (const bpftrace of bpftraces())
    test(`what ${basename(bpftrace)} loses is counted to the record`, () =>
      whileTracing({ bpftrace, ringPages: 64 }, async (tracing) => {
        const pid = ownBpftrace();
        const { mover, moves } = await withPuppet({ abi: 'x86_64' }, async (puppet) => {
          process.kill(pid, 'SIGSTOP');
          assert.equal(await moveBurst(puppet, 3000), 0);
          process.kill(pid, 'SIGCONT');
          return { mover: puppet.pid, moves: 6000 };
        });
        for (let tries = 0; tries < 60; tries++) {
          await tracing.settle();
          const beat = tracing.events.flatMap((event) => (event.kind === 'heartbeat' ? [event] : [])).at(-1);
          if (
            beat !== undefined &&
            lost(tracing.events) > 0n &&
            beat.emitted === beat.received + lost(tracing.events)
          ) {
            const arrived = tracing.events.filter((event) => event.kind === 'call' && event.tgid === mover).length;
            assert.ok(arrived < moves && BigInt(arrived) + lost(tracing.events) >= BigInt(moves));
            return;
          }
        }
        assert.fail('the counts never agreed');
      }));

  for (const stuck of [false, true])
    test(`no ${stuck ? 'stopped ' : ''}bpftrace outlives a killed parent`, async () => {
      const parent = spawn(process.execPath, [fileURLToPath(new URL('orphan.js', import.meta.url)), installed], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => parent.stdout.once('data', resolve));
      assert.ok(parent.pid !== undefined);
      const orphans = bpftracesOf(parent.pid);
      assert.ok(orphans.length >= 1);
      // One that never writes again: no closed pipe would end it.
      if (stuck) for (const pid of orphans) process.kill(pid, 'SIGSTOP');
      parent.kill('SIGKILL');
      await untilGone(orphans, 3000);
    });

  test('a bpftrace that is not there: polling, with the reason, and no error', async () => {
    await assert.rejects(startTracing({ bpftrace: '/nonexistent/bpftrace' }), /there is no bpftrace at/);
  });
});

/** Since Linux 6.10; vdsowatch itself leaves out what the kernel has no tracepoint for. */
const lacksMseal = existsSync('/sys/kernel/tracing/events/syscalls/sys_enter_mseal')
  ? false
  : 'this kernel has no mseal';

describe('each script runs alone', needs('root', 'bpftrace'), () => {
  const folder = probesFolder();
  assert.ok(folder !== undefined);
  for (const bpftrace of bpftraces())
    for (const script of readdirSync(folder).filter((name) => name.endsWith('.bt')))
      test(`${script} under ${basename(bpftrace)}`, {
        skip: script === 'seal.bt' && lacksMseal,
      }, async () => {
        const child = spawn(bpftrace, [join(folder, script)], { stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString('latin1');
        });
        child.stderr.on('data', (chunk: Buffer) => {
          said += chunk.toString('latin1');
        });
        const attached = await Promise.race([
          ended.then(() => false),
          (async () => {
            while (!/Attach(?:ing|ed) \d+ probe/.test(said) && child.exitCode === null) await setTimeout(50);
            // Up to 0.23 it says so before it does it.
            await setTimeout(1000);
            return true;
          })(),
        ]);
        const errors = said.split('\n').filter((line) => /ERROR/.test(line) && !/RLIMIT/.test(line));
        assert.deepEqual([attached, errors, child.exitCode], [true, [], null], said.slice(0, 2000));
        // One that is still attaching may pass over it (0.17, on a busy machine).
        const again = setInterval(() => child.kill('SIGINT'), 2000);
        child.kill('SIGINT');
        const status = await ended;
        clearInterval(again);
        assert.equal(status, 0);
      });
});
