import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  begin,
  CLONE_VM,
  called,
  execed,
  exited,
  forked,
  goneEvidence,
  happened,
  heard,
  livingOf,
  MS,
  moved,
  placeOf,
  read,
  run,
  SECOND,
  stateOf,
  T0,
  VFORK,
} from './build.js';

const A = 0x7f00_0000_0000n;
const B = 0x7e00_0000_0000n;
const C = 0x7d00_0000_0000n;
const at = (ms: number): bigint => T0 + BigInt(ms) * MS;
const ticks = (ms: number): bigint => at(ms) / 10_000_000n;

/** A process known by census: pid 100, ticks of its start, vDSO at A. */
const known = (ms = 0, pid = 100) => read({ at: at(ms), pid, ticks: ticks(-1000), vdso: A });

test('a census gives every process a space of its own', () => {
  const frame = run(begin(), [known(), known(0, 101)]);
  assert.deepEqual(placeOf(frame, 100), { start: A, moved: false });
  assert.notEqual(livingOf(frame, 100).space.id, livingOf(frame, 101).space.id);
  assert.equal(stateOf(frame, 100).process?.key, `100@${ticks(-1000)}`);
  assert.equal(stateOf(frame, 100).space?.dirty, false);
});

test('an event finds the process of the census and gives its space the kernel identity', () => {
  const frame = run(begin(), [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  const { space } = stateOf(frame, 100);
  assert.equal(space?.key?.id, 7n);
  assert.equal(space?.moves, 1);
  assert.equal(space?.dirty, true, 'the reading is older than the event');
  assert.equal(frame.state.processes.size, 1);
});

test('after the snapshot the state says moved, by whom and from where', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  const frame = run(ledger, [read({ at: at(12), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A })]);
  assert.deepEqual(placeOf(frame, 100), { start: B, moved: true });
  assert.equal(stateOf(frame, 100).space?.dirty, false);
  assert.equal(stateOf(frame, 100).space?.evidence?.contextVdso, B, 'the kernel pointer joins the evidence');
  const [line] = frame.lines;
  assert.equal(line?.finding?.code, 'vdso-moved');
  assert.match(line?.text ?? '', /moved by 100/);
  assert.match(stateOf(frame, 100).space?.history[0]?.text ?? '', /vDSO moved from 0x7f0000000000 to 0x7e0000000000/);
});

test('a reading older than the event does not count as news of it', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  const frame = run(ledger, [read({ at: at(9), pid: 100, ticks: ticks(-1000), vdso: A })]);
  assert.equal(stateOf(frame, 100).space?.dirty, true);
});

test('a reading that began before the newest one changes nothing', () => {
  const ledger = begin();
  run(ledger, [known(), read({ at: at(20), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A })]);
  assert.deepEqual(placeOf(run(ledger, [read({ at: at(15), pid: 100, ticks: ticks(-1000), vdso: A })]), 100), {
    start: B,
    moved: true,
  });
});

test('fork: the child has the moved vDSO of its parent, without an event of its own', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [read({ at: at(12), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A })]);
  const frame = run(ledger, [happened(forked({ at: at(20), pid: 100, in: 7, child: 200 }))]);
  assert.deepEqual(placeOf(frame, 200), { start: B, moved: true }, 'before anybody has read it');
  assert.notEqual(livingOf(frame, 200).space.id, livingOf(frame, 100).space.id);
  assert.equal(stateOf(frame, 200).space?.moves, 1);
  assert.equal(stateOf(frame, 200).space?.dirty, true);
  assert.equal(stateOf(frame, 200).process?.parent, 100);
  const later = run(ledger, [happened(moved({ at: at(30), pid: 200, in: 8, from: B, to: C }))]);
  assert.equal(stateOf(later, 100).space?.moves, 1, 'what the child does concerns the child alone');
  assert.equal(stateOf(later, 200).space?.moves, 2);
});

test('a child that was read before its fork event arrived still inherits', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [read({ at: at(25), pid: 200, ticks: ticks(20), vdso: B, auxv: A })]);
  const frame = run(ledger, [happened(forked({ at: at(20), pid: 100, in: 7, child: 200 }))]);
  assert.equal(stateOf(frame, 200).space?.moves, 1);
  assert.equal(stateOf(frame, 200).process?.parent, 100);
  assert.equal([...frame.state.processes.values()].length, 2);
});

test('a child that goes on moving after it was read was said to have been moved by its parent', () => {
  const places = [B, C, A, B, C, A];
  const moves = [21, 23, 24, 25, 26].map((ms, index) =>
    happened(moved({ at: at(ms), pid: 200, in: 8, from: places[index] ?? A, to: places[index + 1] ?? A })),
  );
  const [first, ...later] = moves;
  assert.ok(first !== undefined);
  const frame = run(begin(), [
    known(),
    happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B })),
    happened(forked({ at: at(20), pid: 100, in: 7, child: 200 })),
    first,
    read({ at: at(22), pid: 200, ticks: ticks(20), vdso: C, auxv: A }),
    ...later,
  ]);
  const said = frame.lines.find(({ pid, finding }) => pid === 200 && finding !== undefined);
  assert.equal(said?.text, 'vdso-moved: moved by nobody known');
});

test('an event of the child that comes before the fork event', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [happened(moved({ at: at(21), pid: 200, in: 8, from: B, to: C }))]);
  const frame = run(ledger, [happened(forked({ at: at(20), pid: 100, in: 7, child: 200 }))]);
  assert.equal(stateOf(frame, 200).space?.moves, 2);
  assert.equal(stateOf(frame, 100).space?.moves, 1);
});

test('vfork and CLONE_VM: one space, the same verdict for both', () => {
  for (const flags of [VFORK, CLONE_VM]) {
    const ledger = begin();
    run(ledger, [known(), happened(forked({ at: at(20), pid: 100, in: 7, child: 200, flags }))]);
    const frame = run(ledger, [
      happened(moved({ at: at(30), pid: 200, in: 7, from: A, to: B })),
      read({ at: at(31), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A }),
    ]);
    assert.equal(livingOf(frame, 100).space.id, livingOf(frame, 200).space.id);
    assert.equal(stateOf(frame, 100).space?.sharers, 2);
    assert.deepEqual(placeOf(frame, 100), { start: B, moved: true });
    assert.match(frame.lines.find(({ finding }) => finding)?.text ?? '', /moved by 200/);
  }
});

test('a vfork child that makes an exec leaves the space to its parent', () => {
  const ledger = begin();
  run(ledger, [known(), happened(forked({ at: at(20), pid: 100, in: 7, child: 200, flags: VFORK }))]);
  const frame = run(ledger, [happened(execed({ at: at(21), pid: 200, in: 9, vdso: C, comm: 'new' }))]);
  assert.equal(stateOf(frame, 100).space?.sharers, 1);
  assert.notEqual(livingOf(frame, 100).space.id, livingOf(frame, 200).space.id);
  assert.equal(stateOf(frame, 200).process?.generation, 1);
  assert.equal(stateOf(frame, 200).process?.comm, 'new');
  assert.deepEqual(placeOf(frame, 100), { start: A, moved: false });
});

test('a reading of a vfork child after its exec is kept for the exec event, not taken for the parent', () => {
  const ledger = begin();
  run(ledger, [known(), happened(forked({ at: at(20), pid: 100, in: 7, child: 200, flags: VFORK }))]);
  const before = run(ledger, [read({ at: at(25), pid: 200, ticks: ticks(20), vdso: C })]);
  assert.deepEqual(placeOf(before, 100), { start: A, moved: false });
  assert.deepEqual(before.lines, []);
  const frame = run(ledger, [happened(execed({ at: at(21), pid: 200, in: 9, vdso: C }))]);
  assert.deepEqual(placeOf(frame, 200), { start: C, moved: false });
  assert.equal(stateOf(frame, 200).space?.dirty, false, 'it was read after its exec');
});

test('processes that share a space without our having seen the clone are joined by their first events', () => {
  const ledger = begin();
  run(ledger, [known(0, 100), known(0, 200)]);
  const frame = run(ledger, [
    happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B })),
    happened(moved({ at: at(11), pid: 200, in: 7, from: B, to: C })),
  ]);
  assert.equal(livingOf(frame, 100).space.id, livingOf(frame, 200).space.id);
  assert.equal(stateOf(frame, 100).space?.moves, 2);
  assert.equal(frame.state.spaces.size, 1);
});

test('exec after a move: the original place again, a new generation', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [read({ at: at(12), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A })]);
  run(ledger, [happened(execed({ at: at(20), pid: 100, in: 8, vdso: C }))]);
  const frame = run(ledger, [read({ at: at(22), pid: 100, ticks: ticks(-1000), vdso: C })]);
  assert.deepEqual(placeOf(frame, 100), { start: C, moved: false });
  assert.equal(stateOf(frame, 100).space?.id, 'ctx:8');
  assert.equal(stateOf(frame, 100).space?.moves, 0);
  assert.equal(stateOf(frame, 100).process?.generation, 1);
  assert.equal(frame.state.spaces.size, 1, 'nobody lives in the old one');
});

test('a reading made after the exec, delivered before its event, belongs to the new space', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  const before = run(ledger, [read({ at: at(25), pid: 100, ticks: ticks(-1000), vdso: C })]);
  assert.notDeepEqual(placeOf(before, 100), { start: C, moved: true });
  const frame = run(ledger, [happened(execed({ at: at(20), pid: 100, in: 8, vdso: C }))]);
  assert.deepEqual(placeOf(frame, 100), { start: C, moved: false });
  assert.equal(stateOf(frame, 100).space?.dirty, false);
});

test('another image without any exec event: after half a second it counts as an exec that was lost', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [read({ at: at(25), pid: 100, ticks: ticks(-1000), vdso: C })]);
  const frame = run(ledger, [heard(at(25) + SECOND)]);
  assert.deepEqual(placeOf(frame, 100), { start: C, moved: false });
  assert.equal(stateOf(frame, 100).process?.generation, 1);
});

test('an event in a space nobody knows is an exec nobody saw; an older one of the former space changes nothing', () => {
  const ledger = begin();
  run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  const frame = run(ledger, [happened(moved({ at: at(30), pid: 100, in: 8, from: C, to: A }))]);
  assert.equal(stateOf(frame, 100).space?.id, 'ctx:8');
  assert.equal(stateOf(frame, 100).process?.generation, 1);
  const late = run(ledger, [happened(moved({ at: at(12), pid: 100, in: 7, from: B, to: C }))]);
  assert.equal(stateOf(late, 100).space?.id, 'ctx:8');
  assert.equal(stateOf(late, 100).space?.moves, 1);
  assert.equal(late.lines.length, 1, 'it is shown all the same');
  const exec = run(ledger, [happened(execed({ at: at(28), pid: 100, in: 8, vdso: C }))]);
  assert.equal(stateOf(exec, 100).process?.generation, 1, 'the exec event, late, is that very exec');
});

test('exit of a thread, even of the leader, ends nobody', () => {
  const frame = run(begin(), [known(), happened(exited({ at: at(10), pid: 100, in: 7, whole: false }))]);
  assert.notEqual(stateOf(frame, 100).process, undefined);
});

test('exit marks, and after a minute nothing is left', () => {
  const ledger = begin();
  const frame = run(ledger, [known(), happened(exited({ at: at(10), pid: 100, in: 7 }))]);
  assert.equal([...frame.state.processes.values()][0]?.exitedAt, at(10));
  assert.equal(stateOf(frame, 100).process, undefined);
  assert.equal(run(ledger, [{ kind: 'tick', at: at(10) + 59n * SECOND }]).state.processes.size, 1);
  const after = run(ledger, [{ kind: 'tick', at: at(10) + 61n * SECOND }]);
  assert.equal(after.state.processes.size, 0);
  assert.equal(after.state.spaces.size, 0);
});

test('late events of an exited process are shown and bring nobody back', () => {
  const ledger = begin();
  run(ledger, [known(), happened(exited({ at: at(50), pid: 100, in: 7 }))]);
  const frame = run(ledger, [happened(moved({ at: at(40), pid: 100, in: 7, from: A, to: B }))]);
  assert.equal(stateOf(frame, 100).process, undefined);
  assert.equal(frame.state.processes.size, 1);
  assert.equal(frame.lines.length, 1);
  const zombie = run(ledger, [read({ at: at(60), pid: 100, ticks: ticks(-1000), state: 'Z' })]);
  assert.equal(stateOf(zombie, 100).process, undefined, 'a zombie in /proc is no sign of life');
  const exit = run(ledger, [happened(exited({ at: at(50), pid: 100, in: 7 }))]);
  assert.equal(exit.state.processes.size, 1);
});

test('pid reuse: the new process starts afresh, whatever order things come in', () => {
  const story = [
    happened(exited({ at: at(50), pid: 100, in: 7 })),
    happened(forked({ at: at(60), pid: 50, in: 3, child: 100 })),
    read({ at: at(70), pid: 100, ticks: ticks(60), vdso: C }),
  ];
  for (const order of [story, [...story].reverse()]) {
    const ledger = begin();
    run(ledger, [known(), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
    run(ledger, [read({ at: at(12), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A })]);
    let frame = run(ledger, []);
    for (const observation of order) frame = run(ledger, [observation]);
    assert.deepEqual(placeOf(frame, 100), { start: C, moved: false });
    assert.equal(stateOf(frame, 100).space?.moves, 0);
    assert.equal(stateOf(frame, 100).process?.key, `100@${ticks(60)}`);
    const old = [...frame.state.processes.values()].find(({ key }) => key === `100@${ticks(-1000)}`);
    assert.notEqual(old?.exitedAt, undefined);
  }
});

test('a late event of the former owner of a pid does not touch the present one', () => {
  const ledger = begin();
  run(ledger, [known(), happened(exited({ at: at(50), pid: 100, in: 7 }))]);
  run(ledger, [happened(forked({ at: at(60), pid: 50, in: 3, child: 100 }))]);
  const frame = run(ledger, [
    happened(moved({ at: at(40), pid: 100, in: 7, from: A, to: B })),
    happened(exited({ at: at(50), pid: 100, in: 7 })),
    read({ at: at(30), pid: 100, ticks: ticks(-1000), vdso: B, auxv: A }),
  ]);
  assert.equal(livingOf(frame, 100).process.exitedAt, undefined);
  assert.equal(stateOf(frame, 100).space?.moves, 0);
});

test('a fork that arrives after the child has exited and its pid was taken again is history', () => {
  const ledger = begin();
  run(ledger, [read({ at: at(90), pid: 200, ticks: ticks(80), vdso: C })]);
  const frame = run(ledger, [happened(forked({ at: at(20), pid: 100, in: 7, child: 200 }))]);
  assert.equal(stateOf(frame, 200).process?.key, `200@${ticks(80)}`);
  assert.equal(livingOf(frame, 200).process.parent, undefined);
});

test('a process that no event announced is found by its first event', () => {
  const frame = run(begin(), [happened(moved({ at: at(10), pid: 300, in: 7, from: A, to: B }))]);
  assert.equal(stateOf(frame, 300).space?.moves, 1);
  assert.equal(stateOf(frame, 300).space?.dirty, true);
});

test('a process that had gone before it could be read: known from events alone', () => {
  const ledger = begin();
  run(ledger, [known(), happened(forked({ at: at(20), pid: 100, in: 7, child: 200 }))]);
  const frame = run(ledger, [
    happened(moved({ at: at(21), pid: 200, in: 8, from: A, to: B })),
    happened(exited({ at: at(22), pid: 200, in: 8 })),
    { kind: 'snapshot', pid: 200, startedAt: at(70), evidence: goneEvidence(at(70), 200) },
  ]);
  const child = [...frame.state.processes.values()].find(({ pid }) => pid === 200);
  assert.equal(child?.exitedAt, at(22));
  assert.equal(frame.state.spaces.get(child?.space ?? '')?.moves, 1);
});

test('a census ends who is on it no more, and only those who could be on it', () => {
  const ledger = begin();
  run(ledger, [known(0, 100), known(0, 101)]);
  run(ledger, [happened(forked({ at: at(40), pid: 101, in: 5, child: 300 }))]);
  const frame = run(ledger, [{ kind: 'census', at: at(30), pids: new Set([101]) }]);
  assert.equal(stateOf(frame, 100).process, undefined);
  assert.notEqual(stateOf(frame, 101).process, undefined);
  assert.notEqual(stateOf(frame, 300).process, undefined, 'born after the list was made');
});

test('an exit believed too early is taken back when the process is seen alive', () => {
  const ledger = begin();
  run(ledger, [known(), happened(exited({ at: at(10), pid: 100, in: 7 }))]);
  const frame = run(ledger, [read({ at: at(500), pid: 100, ticks: ticks(-1000), vdso: A })]);
  assert.equal(livingOf(frame, 100).process.exitedAt, undefined);
  assert.equal(stateOf(frame, 100).space?.sharers, 1);
});

test('a gap makes everything dirty that was not read after it, and forgets the kernel pointers', () => {
  const ledger = begin();
  run(ledger, [known(0, 100), known(0, 101), happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [read({ at: at(40), pid: 101, ticks: ticks(-1000), vdso: A })]);
  const gap = { kind: 'gap', at: at(30), from: at(20), cause: 'lost', lost: 5n } as const;
  const frame = run(ledger, [happened(gap)]);
  assert.equal(stateOf(frame, 100).space?.dirty, true);
  assert.equal(stateOf(frame, 101).space?.dirty, false, 'read after the gap');
  assert.equal(frame.state.counters.lost, 5n);
  assert.equal(frame.state.counters.gaps, 1);
  const healed = run(ledger, [read({ at: at(50), pid: 100, ticks: ticks(-1000), vdso: C, auxv: A })]);
  assert.equal(stateOf(healed, 100).space?.dirty, false);
  assert.equal(livingOf(healed, 100).space.evidence?.contextVdso, undefined);
  const later = run(ledger, [heard(at(50) + SECOND)]);
  assert.match(later.lines.map(({ text }) => text).join('\n'), /found at 0x7d0000000000.*not observed/s);
});

test('a child is not told where the vDSO of an image lay that its parent had left by a late exec', () => {
  const ledger = begin();
  run(ledger, [read({ at: at(0), pid: 100, ticks: ticks(-1000), vdso: A })]);
  run(ledger, [happened(execed({ at: at(1), pid: 100, in: 1, vdso: B }))]);
  // The child has made an exec and was read already as its new image; that exec comes last.
  run(ledger, [read({ at: at(40), pid: 200, ticks: ticks(10), vdso: C })]);
  run(ledger, [happened(forked({ at: at(10), pid: 100, in: 1, child: 200 }))]);
  run(ledger, [happened(forked({ at: at(30), pid: 200, in: 2, child: 300 }))]);
  run(ledger, [happened(execed({ at: at(20), pid: 200, in: 2, vdso: C }))]);
  run(ledger, [read({ at: at(60), pid: 300, ticks: ticks(30), vdso: C })]);
  const frame = run(ledger, [heard(at(3000))]);
  const [grandchild] = [...frame.state.processes.values()].filter(({ pid }) => pid === 300);
  assert.equal(frame.state.spaces.get(grandchild?.space ?? '')?.verdict?.vdso?.moved, false);
});

test('the end of who had the pid before, in the tick in which the next one began, ends nobody else', () => {
  const ledger = begin();
  const owner = read({ at: at(0), pid: 100, ticks: ticks(-1000), vdso: A });
  const next = read({ at: at(1008), pid: 100, ticks: ticks(1000), vdso: A });
  run(ledger, [owner, happened(moved({ at: at(10), pid: 100, in: 7, from: A, to: B }))]);
  run(ledger, [next]);
  run(ledger, [happened(exited({ at: at(1002), pid: 100, in: 7 }))]);
  const frame = run(ledger, [happened(forked({ at: at(1003), pid: 101, in: 8, child: 100 }))]);
  assert.equal(livingOf(frame, 100).process.exitedAt, undefined);
  assert.equal(stateOf(frame, 100).process?.parent, 101);
});

test('what is done where a vDSO was that is gone is done to other memory', () => {
  const ledger = begin();
  const where = { pid: 100, in: 7, vdsoBefore: A, vdsoAfter: A } as const;
  const unmapped = called({ ...where, at: at(10), call: 'munmap', args: [A, 0x2000n] });
  const covered = called({ ...where, at: at(20), call: 'mmap', args: [A, 0x2000n, 5n, 0x32n], result: A });
  const again = called({ ...where, at: at(40), call: 'munmap', args: [A, 0x2000n] });
  const words = [
    run(ledger, [known(), happened(unmapped), happened(covered)]),
    run(ledger, [read({ at: at(30), pid: 100, ticks: ticks(-1000), auxv: A })]),
    run(ledger, [happened(again)]),
  ].flatMap(({ lines }) => lines.filter(({ event }) => event !== undefined));
  assert.deepEqual(
    words.map(({ severity, text }) => [severity, text.replace(/^.*\) = \w+/, '')]),
    [
      ['warning', ': vDSO unmapped at 0x7f0000000000'],
      ['info', ''],
      ['info', ''],
    ],
  );
  const placed = called({
    pid: 100,
    in: 7,
    at: at(50),
    call: 'arch_prctl',
    args: [0x2003n, B],
    result: 0x2000n,
    vdsoBefore: A,
    vdsoAfter: B,
  });
  const last = called({ pid: 100, in: 7, at: at(60), call: 'munmap', args: [B, 0x2000n], vdsoBefore: B, vdsoAfter: B });
  const [, line] = run(ledger, [happened(placed), happened(last)]).lines;
  assert.match(line?.text ?? '', /vDSO unmapped at 0x7e0000000000/);
});
