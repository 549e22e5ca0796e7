import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { basename } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { filter, firstValueFrom, Subject, takeUntil, timer } from 'rxjs';
import { composeMain } from '../../src/bpftrace/compose.js';
import { findBpftrace, hasOneRing } from '../../src/bpftrace/find.js';
import { readHost } from '../../src/bpftrace/host.js';
import { makePlan } from '../../src/bpftrace/plan.js';
import { readScripts } from '../../src/bpftrace/script.js';
import { session } from '../../src/bpftrace/session.js';
import { atLeast, parseRelease } from '../../src/judge/release.js';
import type {
  CallEvent,
  Event,
  ExecEvent,
  ForkEvent,
  HeartbeatEvent,
  MappingCall,
  NamespaceEvent,
} from '../../src/model/event.js';
import { sizeOf } from '../../src/model/vma.js';
import { localBootClock } from '../../src/proc/clock.js';
import type { Abi } from '../../src/puppet/abi.js';
import { moveVdsoAlone, reserve, vdsoBlock } from '../../src/puppet/moves.js';
import { call } from '../../src/puppet/step.js';
import { cover, moveApart, moveBlock, moveBurst, unmap } from '../puppet/moves.js';
import type { Puppet } from '../puppet/puppet.js';
import { interrupt, loop } from '../puppet/step.js';
import { withPuppet } from '../puppet/with-puppet.js';
import { needs } from './needs.js';
import { bpftraces, lost, startTracing, type Tracing } from './tracing.js';

/**
 * Real processes do all that the probes watch for, and the tracer says so: the right process, addresses and result, and nothing
 * that did not happen. On every bpftrace there is.
 */

/** Of personality(2). */
const ADDR_NO_RANDOMIZE = 0x40000n;
const EINVAL = -22n;
/** Since Linux 5.11 a special mapping cannot be split (mm/mmap.c special_mapping_split). */
const WHOLE = atLeast(parseRelease(release()), 5, 11) !== false;
/** Arguments of calls that change nothing: before what a test does, and after it. */
const MARKS = { begin: 0x7777_6000n, end: 0x7777_7000n };
/** Processes that hardly live. */
const BRIEF = 300;

for (const bpftrace of bpftraces())
  describe(`probes under ${basename(bpftrace)}`, needs('root', 'bpftrace'), () => {
    let tracing: Tracing;
    before(async () => {
      tracing = await startTracing({ bpftrace });
    });
    after(() => tracing.stop());

    const of = (pid: number): readonly Event[] =>
      tracing.events.filter((event) => 'tgid' in event && event.tgid === pid);
    const callsOf = (pid: number): readonly CallEvent[] => of(pid).filter((event) => event.kind === 'call');
    /** What a puppet did, and what was seen of it. */
    const seen = async (abi: Abi, act: (puppet: Puppet) => Promise<void>): Promise<readonly CallEvent[]> => {
      const pid = await withPuppet({ abi }, async (puppet) => {
        await compatReady(puppet);
        await act(puppet);
        if (abi === 'i386') await compatSettled(puppet);
        return puppet.pid;
      });
      await tracing.settle();
      return callsOf(pid).filter((event) => !isMark(event, MARKS.begin, MARKS.end));
    };
    /**
     * 32-bit calls come from a bpftrace of their own, whose heartbeats nobody else sees: so a last call that changes
     * nothing (a 32-bit arch_prctl knows no ARCH_MAP_VDSO_64) says that all before it are here.
     */
    const compatSettled = async (puppet: Puppet): Promise<void> => {
      await puppet.call('arch_prctl', 0x2003n, MARKS.end);
      await tracing.until((event): event is CallEvent => isMark(event, MARKS.end) && event.tgid === puppet.pid);
    };
    const isMark = (event: Event, ...which: readonly bigint[]): event is CallEvent =>
      event.kind === 'call' && event.call === 'arch_prctl' && which.some((mark) => event.args[1] === mark);
    /**
     * 32-bit calls are traced a moment after a 32-bit process was seen, and not for long after the last has gone: which
     * may be just now, so a call of this one has to be seen.
     */
    const compatReady = async (puppet: Puppet): Promise<void> => {
      if (puppet.abi !== 'i386') return;
      const isOn = (): boolean =>
        tracing.events
          .flatMap((event) => (event.kind === 'status' ? [event.status.text] : []))
          .at(-1)
          ?.includes('32-bit') ?? false;
      for (let tries = 0; tries < 600 && !isOn(); tries++) await setTimeout(50);
      assert.ok(isOn(), '32-bit calls are traced');
      const isSeen = (): boolean => of(puppet.pid).some((event) => isMark(event, MARKS.begin));
      for (let tries = 0; tries < 100 && !isSeen(); tries++) {
        await puppet.call('arch_prctl', 0x2003n, MARKS.begin);
        await setTimeout(200);
      }
      assert.ok(isSeen(), 'calls of this 32-bit process are traced');
    };
    const names = (calls: readonly CallEvent[]): readonly MappingCall[] => calls.map((event) => event.call);

    for (const abi of ['x86_64', 'i386'] as const) {
      const compat = abi === 'i386';

      test(`${abi}: the vDSO moves alone`, async () => {
        let from = 0n;
        let to = 0n;
        let size = 0n;
        const calls = await seen(abi, async (puppet) => {
          const { vdso } = vdsoBlock(puppet);
          assert.ok(vdso !== undefined);
          [from, size] = [vdso.start, sizeOf(vdso)];
          to = await moveVdsoAlone(puppet);
        });
        assert.deepEqual(names(calls), ['mremap']);
        const [event] = calls;
        assert.deepEqual(event?.args, [from, size, size, 3n, to]);
        assert.equal(event?.result, to);
        assert.equal(event?.vdsoBefore, from);
        assert.equal(event?.vdsoAfter, to);
        assert.equal(event?.compat, compat);
        assert.ok(event !== undefined && event.space.id !== 0n && event.space.mm !== 0n);
        assert.equal(event.tid, event.tgid);
      });

      test(`${abi}: the whole block moves, piece by piece`, async () => {
        let pieces = 0;
        const calls = await seen(abi, async (puppet) => {
          pieces = vdsoBlock(puppet).all.length;
          assert.ok((await moveBlock(puppet)) > 0n);
        });
        assert.deepEqual(names(calls), new Array(pieces).fill('mremap'));
        assert.ok(calls.every(({ result }) => result > 0n));
      });

      test(`${abi}: pieces that lie apart are still followed`, async () => {
        const expected: MappingCall[] = [];
        const calls = await seen(abi, async (puppet) => {
          await moveApart(puppet);
          const { all } = vdsoBlock(puppet);
          expected.push(...all.map(() => 'mremap' as const));
          // Each again, far from where context.vdso points.
          await moveApart(puppet);
          expected.push(...all.map(() => 'mremap' as const));
          await unmap(puppet, vdsoBlock(puppet).all);
          expected.push(...all.map(() => 'munmap' as const));
        });
        assert.deepEqual(names(calls), expected);
      });

      test(`${abi}: data pages left behind are still followed`, async () => {
        let left = 0;
        const calls = await seen(abi, async (puppet) => {
          await moveVdsoAlone(puppet);
          const { data } = vdsoBlock(puppet);
          left = data.length;
          await unmap(puppet, data);
        });
        assert.deepEqual(names(calls), ['mremap', ...new Array<MappingCall>(left).fill('munmap')]);
      });

      test(`${abi}: unmapped, covered, reprotected, sealed, dropped, and refused`, async () => {
        const calls = await seen(abi, async (puppet) => {
          const { vdso } = vdsoBlock(puppet);
          assert.ok(vdso !== undefined);
          const size = sizeOf(vdso);
          await puppet.call('mprotect', vdso.start, size, 7n);
          await puppet.call('mprotect', vdso.start, 4096n, 1n);
          await puppet.call('pkey_mprotect', vdso.start, size, 5n, -1n);
          await puppet.call('madvise', vdso.start, size, 4n);
          await puppet.call('remap_file_pages', vdso.start, size, 0n, 0n, 0n);
          await puppet.call('mremap', vdso.start, size, size * 2n, 1n, 0n);
          await puppet.call('munmap', vdso.start, 4096n);
          await puppet.call('mmap', vdso.start, 4096n, 0n, 0x100022n, -1n, 0n);
          await puppet.call('arch_prctl', 0x2003n, 0x10000n);
          await puppet.call('munmap', vdso.start, size);
          await cover(puppet, vdso.start, size);
        });
        assert.deepEqual(
          calls.map(({ call: name, result }) => [name, result < 0n]),
          [
            ['mprotect', false],
            ['mprotect', WHOLE],
            ['pkey_mprotect', false],
            ['madvise', false],
            ['remap_file_pages', true],
            ['mremap', true],
            ['munmap', WHOLE],
            ['mmap', WHOLE],
            ['arch_prctl', true],
            ['munmap', false],
            ['mmap', false],
          ],
        );
        assert.equal(calls[6]?.result, WHOLE ? EINVAL : 0n);
      });

      test(`${abi}: covered by mremap of other memory, and by shmat`, async () => {
        const calls = await seen(abi, async (puppet) => {
          const { vdso } = vdsoBlock(puppet);
          assert.ok(vdso !== undefined);
          const other = await reserve(puppet, 4096n);
          await puppet.call('mremap', other, 4096n, sizeOf(vdso), 3n, vdso.start);
          const shm = await puppet.call('shmget', 0n, sizeOf(vdso), 0o1600n);
          await puppet.call('shmat', shm, vdso.start, 0o40000n);
          await puppet.call('shmctl', shm, 0n, 0n);
        });
        assert.deepEqual(names(calls), ['mremap', 'shmat']);
        assert.ok(calls.every(({ result }) => result > 0n));
      });

      test(`${abi}: calls beside the vDSO say nothing`, async () => {
        // A place of vvar goes by the address of its vDSO. With 32 bits there are few: another may have moved one there.
        const isTaken = (pid: number, start: bigint): boolean =>
          tracing.events.some(
            (event) => event.kind === 'call' && event.tgid !== pid && event.result > 0n && event.vdsoAfter === start,
          );
        let calls: readonly CallEvent[] | undefined;
        for (let tries = 0; calls === undefined && tries < 20; tries++) {
          let fresh = true;
          const told = await seen(abi, async (puppet) => {
            const { all, vdso } = vdsoBlock(puppet);
            const [first, last] = [all[0], all.at(-1)];
            assert.ok(first !== undefined && last !== undefined && vdso !== undefined);
            fresh = !isTaken(puppet.pid, vdso.start);
            if (!fresh) return;
            const page = await reserve(puppet, 4096n);
            const { failures } = await puppet.run(
              call('mremap', page, 4096n, 4096n, 0n, 0n),
              call('mprotect', page, 4096n, 3n),
              call('madvise', page, 4096n, 4n),
              call('mmap', page, 4096n, 3n, 0x32n, -1n, 0n),
              call('munmap', 0x10000n, 4096n),
              loop(0, 20_000),
            );
            assert.equal(failures[0], 0);
            // Right up to its edges.
            await puppet.call('munmap', first.start - 4096n, 4096n);
            await puppet.call('munmap', last.end, 1n);
          });
          if (fresh) calls = told;
        }
        assert.deepEqual(calls, []);
      });
    }

    test('i386: what a process left apart that has ended is none of a new one with its vDSO there', async () => {
      /** All programs have their vDSO at one address then. */
      const again = async (puppet: Puppet): Promise<void> => {
        await puppet.call('personality', ADDR_NO_RANDOMIZE);
        assert.equal(await puppet.exec(), 0n);
      };
      const places = new Set<bigint>();
      await seen('i386', async (puppet) => {
        await again(puppet);
        const { data, vdso } = vdsoBlock(puppet);
        places.add(vdso?.start ?? 0n);
        let spot = await puppet.call('mmap', 0n, 0x20000n, 0n, 0x22n, -1n, 0n);
        for (const vma of data) {
          assert.equal(await puppet.call('mremap', vma.start, sizeOf(vma), sizeOf(vma), 3n, spot), spot);
          spot += sizeOf(vma);
        }
      });
      let left = 0;
      const calls = await seen('i386', async (puppet) => {
        await again(puppet);
        places.add(vdsoBlock(puppet).vdso?.start ?? 0n);
        await moveVdsoAlone(puppet);
        const { data } = vdsoBlock(puppet);
        left = data.length;
        await unmap(puppet, data);
      });
      assert.equal(places.size, 1, 'both had it at one address');
      assert.deepEqual(names(calls), ['mremap', ...new Array<MappingCall>(left).fill('munmap')]);
    });

    test('lives that find their queue full, or their CPU without one, are told at once, and none is lost', async () => {
      const plan = await makePlan(bpftrace);
      const scripts = readScripts();
      const host = readHost();
      assert.ok(plan.ok && scripts.ok && host.ok);
      const { decoding } = plan.value;
      const { queues } = host.value;
      assert.ok(queues !== undefined);
      const shallow = composeMain({ ...host.value, queues: { cpus: 1, deep: 2 } }, scripts.value);
      const lives: Event[] = [];
      const ready = new Subject<void>();
      const complete = new Subject<bigint>();
      const running = session({
        bpftrace: plan.value.bpftrace,
        script: shallow.text,
        decoding,
        clock: localBootClock().now,
      }).subscribe((happening) => {
        if (happening.kind === 'event') lives.push(happening.event);
        if (happening.kind === 'ready') ready.next();
        if (happening.kind === 'ended') ready.error(new Error(happening.failure.text));
        if (happening.kind === 'beat' && happening.emitted === happening.received) complete.next(happening.at);
      });
      try {
        await firstValueFrom(ready);
        spawnSync('sh', ['-c', `i=0; while [ $i -lt ${BRIEF} ]; do /bin/true; i=$((i+1)); done`]);
        const done = localBootClock().now();
        // What is missing after that is lost, and told below by its count.
        const late = timer(60_000);
        await firstValueFrom(
          complete.pipe(
            filter((at) => at > done),
            takeUntil(late),
          ),
          { defaultValue: undefined },
        );
      } finally {
        running.unsubscribe();
      }
      const shell = lives.find((event) => event.kind === 'fork' && event.tgid === process.pid);
      const children = new Set(
        lives.flatMap((event) =>
          event.kind === 'fork' && shell?.kind === 'fork' && event.tgid === shell.childPid ? [event.childPid] : [],
        ),
      );
      assert.equal(children.size, BRIEF);
      for (const kind of ['exec', 'exit'] as const)
        assert.equal(lives.filter((event) => event.kind === kind && children.has(event.tgid)).length, BRIEF, kind);
    });

    test('a munmap of nearly everything is seen to hit the vDSO', async () => {
      const calls = await seen('x86_64', async (puppet) => {
        const { all } = vdsoBlock(puppet);
        const [first, last] = [all[0], all.at(-1)];
        assert.ok(first !== undefined && last !== undefined);
        await puppet.call('munmap', first.start - 4096n, last.end - first.start + 8192n);
      });
      assert.deepEqual(names(calls), ['munmap']);
    });

    test('hostile lengths do not hide a call', async () => {
      const calls = await seen('x86_64', async (puppet) => {
        const { vdso } = vdsoBlock(puppet);
        assert.ok(vdso !== undefined);
        await puppet.call('munmap', vdso.start, -1n);
        await puppet.call('munmap', vdso.start - 0x10000n, -4096n);
        await puppet.call('mremap', vdso.start, 0n, 4096n, 1n, 0n);
      });
      assert.deepEqual(names(calls), ['munmap', 'munmap', 'mremap']);
    });

    test('int 0x80 of a 64-bit process counts as a 32-bit call', async () => {
      const calls = await withPuppet({ abi: 'i386' }, async (other) => {
        await compatReady(other);
        return seen('x86_64', async (puppet) => {
          const low = await puppet.call('mmap', 0x10000000n, 0x10000n, 0n, 0x32n, -1n, 0n);
          const { vdso } = vdsoBlock(puppet);
          assert.ok(vdso !== undefined && low === 0x10000000n);
          await puppet.call('mremap', vdso.start, sizeOf(vdso), sizeOf(vdso), 3n, low);
          await puppet.run(interrupt(125, low, sizeOf(vdso), 5n));
        });
      });
      // Two bpftraces saw them, and on a busy machine one may tell later than the window that orders events.
      const inTime = [...calls].sort((one, other) => (one.at < other.at ? -1 : 1));
      assert.deepEqual(
        inTime.map(({ call: name, compat }) => [name, compat]),
        [
          ['mremap', false],
          ['mprotect', true],
        ],
      );
    });

    test('a fork shows its kind; a child that shares memory moves its parent', async () => {
      const { parent, child, sharer } = await withPuppet({ abi: 'x86_64' }, async (puppet) => {
        const forked = await puppet.fork();
        const vforked = await puppet.fork('vfork');
        await moveVdsoAlone(vforked);
        const pids = { parent: puppet.pid, child: forked.pid, sharer: vforked.pid };
        await vforked.kill();
        await forked.kill();
        return pids;
      });
      await tracing.settle();
      const forks = of(parent).filter((event): event is ForkEvent => event.kind === 'fork');
      assert.deepEqual(
        forks.map(({ childPid, cloneFlags }) => [childPid, (cloneFlags & 0x100n) !== 0n]),
        [
          [child, false],
          [sharer, true],
        ],
      );
      const [moved] = callsOf(sharer);
      assert.equal(moved?.call, 'mremap');
      assert.deepEqual(moved?.space, forks[0]?.space, "the mapping that moved is the parent's");
      assert.ok(of(child).some((event) => event.kind === 'exit'));
    });

    test('exec makes a new address space; the last exit ends the process', async () => {
      const pid = await withPuppet({ abi: 'x86_64' }, async (puppet) => {
        await moveVdsoAlone(puppet);
        assert.equal(await puppet.exec(), 0n);
        const { vdso } = vdsoBlock(puppet);
        await tracing.settle();
        const execs = of(puppet.pid).filter((event): event is ExecEvent => event.kind === 'exec');
        assert.equal(execs.at(-1)?.vdso, vdso?.start);
        assert.notEqual(execs.at(-1)?.space.id, callsOf(puppet.pid)[0]?.space.id);
        return puppet.pid;
      });
      await tracing.settle();
      assert.equal(of(pid).at(-1)?.kind, 'exit');
      assert.equal(of(pid).filter(({ kind }) => kind === 'exit').length, 1);
    });

    for (const abi of ['x86_64', 'i386'] as const)
      test(`${abi}: namespaces and prctl`, async () => {
        const pid = await withPuppet({ abi }, async (puppet) => {
          await compatReady(puppet);
          await puppet.call('unshare', 0x4000000n);
          await puppet.call('unshare', 0x80n);
          await puppet.call('unshare', 0x400n);
          await puppet.call('setns', 0n, 0x4000000n);
          await puppet.call('prctl', 35n, 1n, 0x1000n, 0n, 0n);
          await puppet.call('prctl', 15n, 'renamed');
          return puppet.pid;
        });
        await tracing.settle();
        const wanted = of(pid).filter(({ kind }) => kind === 'namespace' || kind === 'prctl');
        assert.deepEqual(
          wanted.map((event) =>
            event.kind === 'namespace'
              ? [event.call, event.flags, event.result < 0n]
              : event.kind === 'prctl'
                ? ['prctl', event.option, event.result < 0n]
                : [],
          ),
          [
            ['unshare', 0x4000000n, false],
            ['unshare', 0x80n, false],
            ['setns', 0x4000000n, true],
            ['prctl', 1n, true],
          ],
        );
        assert.ok(wanted.every((event): event is NamespaceEvent => 'tgid' in event));
      });

    for (const abi of ['x86_64', 'i386'] as const)
      test(`${abi}: who writes into whom`, async () => {
        const { writer, victim, at } = await withPuppet({ abi }, async (puppet) =>
          withPuppet({ abi }, async (other) => {
            await compatReady(puppet);
            const { vdso } = vdsoBlock(other);
            assert.ok(vdso !== undefined);
            const to = vdso.start;
            await puppet.call('ptrace', 16n, other.pid, 0n, 0n);
            await puppet.call('wait4', other.pid, 0n, 0x40000000n, 0n);
            await puppet.call('ptrace', 4n, other.pid, to, 0x1234n);
            await puppet.call('ptrace', 17n, other.pid, 0n, 0n);
            const word = abi === 'i386' ? 4 : 8;
            const piece = Buffer.alloc(2 * word);
            if (word === 4) piece.writeUInt32LE(Number(to), 0);
            else piece.writeBigUInt64LE(to, 0);
            piece.writeUInt8(4, word);
            await puppet.call('process_vm_writev', other.pid, piece, 1n, piece, 1n, 0n);
            return { writer: puppet.pid, victim: other.pid, at: to };
          }),
        );
        await tracing.settle();
        const pokes = of(writer).flatMap((event) => (event.kind === 'poke' ? [event] : []));
        assert.deepEqual(
          pokes.map(({ how, targetPid, address, result }) => [how, targetPid, address, result >= 0n]),
          [
            ['ptrace', victim, at, true],
            // The vDSO is not writable, and this call does not force it.
            ['process_vm_writev', victim, at, false],
          ],
        );
      });

    test('a comm of hostile bytes arrives as it is', async () => {
      const comm = Buffer.from('a\n"\\{red-fg}\x1b[\xff', 'latin1');
      const calls = await seen('x86_64', async (puppet) => {
        await puppet.call('prctl', 15n, Buffer.concat([comm, Buffer.alloc(1)]));
        await moveVdsoAlone(puppet);
      });
      assert.equal(calls[0]?.comm, comm.toString('latin1'));
    });

    test('a burst of 20,000 moves: each arrives, or its loss is told', async () => {
      const before = lost(tracing.events);
      let mover = 0;
      await seen('x86_64', async (puppet) => {
        mover = puppet.pid;
        assert.equal(await moveBurst(puppet, 10_000), 0);
      });
      // With a ring per CPU some come after the heartbeat that `seen` waits for.
      await whole();
      const calls = callsOf(mover);
      // What else ran on this machine may have lost events too.
      const told = lost(tracing.events) - before;
      assert.ok(calls.length <= 20_000 && BigInt(calls.length) + told >= 20_000n, `${calls.length} + ${told}`);
      assert.ok(told > 0n || calls.length === 20_000);
      const found = await findBpftrace(bpftrace);
      assert.ok(found.ok);
      // With a ring per CPU one may be emptied long after the other; what comes after the window goes out late.
      if (!hasOneRing(found.value)) return;
      const times = calls.map(({ at }) => at);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
      );
    });

    test('every line was understood', async () => {
      await whole();
      const notes = tracing.events.flatMap((event) => (event.kind === 'status' ? event.status.notes : []));
      // That a machine is overloaded is no fault of the lines.
      assert.deepEqual(
        notes.filter((note) => !note.includes('overloaded')),
        [],
      );
    });

    /** Waits for a moment at which each record that the kernel counted is here, or its loss told: to the record. */
    const whole = async (): Promise<void> => {
      let last: HeartbeatEvent | undefined;
      for (let tries = 0; tries < 60; tries++) {
        await tracing.settle();
        last = tracing.events.flatMap((event) => (event.kind === 'heartbeat' ? [event] : [])).at(-1);
        if (last !== undefined && last.emitted === last.received + lost(tracing.events)) return;
      }
      const told = lost(tracing.events);
      assert.fail(`the counts never agreed: ${last?.emitted} counted, ${last?.received} received, ${told} told lost`);
    };
  });
