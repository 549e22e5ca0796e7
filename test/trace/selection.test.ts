import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../../src/pipeline/observation.js';
import { parseCgroup } from '../../src/proc/place.js';
import { select } from '../../src/trace/selection.js';
import { execed, exited, forked, happened, read, T0 } from '../pipeline/build.js';

const nowhere = { cgroupsOf: () => [] };
const at = T0;

const pids = (kept: readonly Observation[]): number[] =>
  kept.flatMap((one) => {
    if (one.kind === 'event') return 'tgid' in one.event ? [one.event.tgid] : [0];
    return one.kind === 'snapshot' ? [one.pid] : [-1];
  });

test('without a choice everything is kept, and the frame itself', () => {
  const frame = [happened(exited({ at, pid: 1, in: 1 }))];
  assert.equal(select({ tree: false }, nowhere).filter(frame), frame);
});

test('processes by pid, and what is about the tracer or about time', () => {
  const chosen = select({ pids: [7], tree: false }, nowhere);
  const kept = chosen.filter([
    happened({ kind: 'heartbeat', at, emitted: 1n, received: 1n }),
    { kind: 'census', at, pids: new Set([7, 8]) },
    happened(execed({ at, pid: 7, in: 1 })),
    happened(execed({ at, pid: 8, in: 2 })),
    read({ at, pid: 7, ticks: 1n }),
    read({ at, pid: 8, ticks: 1n }),
  ]);
  assert.deepEqual(pids(kept), [0, -1, 7, 7]);
});

test('a tree grows by forks and by what a sweep finds, and a pid that ended is nobody', () => {
  const chosen = select({ pids: [7], tree: true }, nowhere);
  const kept = chosen.filter([
    happened(forked({ at, pid: 7, in: 1, child: 9 }), 9),
    happened(execed({ at, pid: 9, in: 3 })),
    read({ at, pid: 10, ticks: 1n, parent: 9 }),
    happened(forked({ at, pid: 8, in: 2, child: 11 }), 11),
    happened(exited({ at, pid: 9, in: 3 })),
    happened(execed({ at, pid: 9, in: 4 })),
  ]);
  assert.deepEqual(pids(kept), [7, 9, 10, 9]);
  const alone = select({ pids: [7], tree: false }, nowhere);
  assert.deepEqual(pids(alone.filter([happened(execed({ at, pid: 9, in: 3 }))])), []);
});

test('a chosen process that CRIU dumped and restored is chosen still, one that was given its pid by chance is not', () => {
  for (const tree of [true, false]) {
    const chosen = select({ pids: [7], tree }, nowhere);
    const isBack = (parent: number, comm: string): boolean => {
      chosen.filter([happened(exited({ at, pid: 7, in: 1 }))]);
      chosen.filter([happened(forked({ at, pid: parent, in: 5, child: 7, comm }), 7)]);
      return pids(chosen.filter([happened(execed({ at, pid: 7, in: 6 }))])).length === 1;
    };
    assert.ok(isBack(5, 'criu') && isBack(6, 'criu'), 'twice');
    const forkedByIt = forked({ at, pid: 7, in: 6, child: 9, comm: 'criu' });
    chosen.filter([happened(forkedByIt, 9)]);
    assert.deepEqual(pids(chosen.filter([happened(execed({ at, pid: 9, in: 7 }))])), tree ? [9] : []);
    assert.ok(!isBack(5, 'sh') && !isBack(5, 'criu'), 'it was a process of its own in between');
  }
});

test('a later root of the tree: a command that has just been started', () => {
  const chosen = select({ pids: [], tree: true }, nowhere);
  assert.deepEqual(chosen.filter([happened(execed({ at, pid: 20, in: 1 }))]), []);
  chosen.add(20);
  assert.deepEqual(pids(chosen.filter([happened(execed({ at, pid: 20, in: 1 }))])), [20]);
});

test('by name as it is printed, and by control group and those below it', () => {
  const named = select({ comm: 'a\\nb', tree: false }, nowhere);
  const frame = [
    happened(execed({ at, pid: 7, in: 1, comm: 'a\nb' })),
    happened(execed({ at, pid: 8, in: 2, comm: 'ab' })),
  ];
  assert.deepEqual(pids(named.filter(frame)), [7]);
  const groups = new Map([
    [7, ['/a/b']],
    [8, ['/ab']],
    [9, ['/a']],
  ]);
  const grouped = select({ cgroup: '/a', tree: false }, { cgroupsOf: (pid) => groups.get(pid) ?? [] });
  const all = [7, 8, 9].map((pid) => happened(execed({ at, pid, in: pid })));
  assert.deepEqual(pids(grouped.filter(all)), [7, 9]);
  // A child is where its parent is, even if it has gone before it could be asked.
  grouped.filter([happened(forked({ at, pid: 7, in: 7, child: 70 }), 70)]);
  assert.deepEqual(pids(grouped.filter([happened(exited({ at, pid: 70, in: 70 }))])), [70]);
});

test('a container that starts while it is recorded: its first process is moved into the group between fork and exec', () => {
  const groups = new Map([[1, ['/']]]);
  const chosen = select({ cgroup: '/pods', tree: false }, { cgroupsOf: (pid) => groups.get(pid) ?? [] });
  assert.deepEqual(pids(chosen.filter([happened(execed({ at, pid: 1, in: 1 }))])), []);
  groups.set(5, ['/']);
  assert.deepEqual(pids(chosen.filter([happened(forked({ at, pid: 1, in: 1, child: 5 }), 5)])), []);
  groups.set(5, ['/pods/a']);
  assert.deepEqual(pids(chosen.filter([happened(execed({ at, pid: 5, in: 5 }))])), [5]);
  // A shell that was moved and does not exec: known at the next sweep.
  groups.set(1, ['/pods/b']);
  assert.deepEqual(pids(chosen.filter([read({ at, pid: 1, ticks: 1n })])), [1]);
  // It had gone before it could be asked again.
  groups.delete(5);
  assert.deepEqual(pids(chosen.filter([happened(execed({ at, pid: 5, in: 5 }))])), [5]);
});

test('control groups of both kinds of hierarchies', () => {
  assert.deepEqual(parseCgroup('0::/system.slice/a.service\n'), ['/system.slice/a.service']);
  assert.deepEqual(parseCgroup('4:memory:/docker/1\n1:name=systemd:/docker/1\nrubbish\n'), ['/docker/1', '/docker/1']);
});
