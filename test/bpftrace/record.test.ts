import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineDecoder } from '../../src/bpftrace/record.js';
import type { Event } from '../../src/model/event.js';
import { fuzzRuns } from '../fuzz-runs.js';

const decode = lineDecoder({ arch: 'x64', knowsVdso: true, knowsLastExit: true });
const printed = (record: string): string => `{"type": "printf", "data": "${record}\\n"}`;
const eventOf = (record: string): Event | undefined => {
  const line = decode(printed(record));
  return line.kind === 'event' ? line.event : undefined;
};

/** As bpftrace's %rh prints buf(comm, 16). */
const rh = (comm: Buffer): string =>
  [...Buffer.concat([comm, Buffer.alloc(16)], 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
const NAME = rh(Buffer.from('puppet'));
const WHO = `2040304354856 4249 4250 226d5 ffff8881db015dc0`;
const SEEN = {
  at: 2040304354856n,
  tgid: 4249,
  tid: 4250,
  space: { id: 0x226d5n, mm: 0xffff8881db015dc0n },
  comm: 'puppet',
};

test('an mremap of the vDSO', () => {
  const record = `call ${WHO} 25 0 140161123856384 7f79ce003000 7f79cdffb000 7f79ce003000 2000 2000 3 7f79cdffb000 0 ${NAME}`;
  assert.deepEqual(eventOf(record), {
    kind: 'call',
    ...SEEN,
    call: 'mremap',
    args: [0x7f79ce003000n, 0x2000n, 0x2000n, 3n, 0x7f79cdffb000n],
    result: 140161123856384n,
    compat: false,
    vdsoBefore: 0x7f79ce003000n,
    vdsoAfter: 0x7f79cdffb000n,
  });
});

test('the same number is another call in the 32-bit table', () => {
  const record = (number: number, compat: 0 | 1): string =>
    `call ${WHO} ${number} ${compat} -22 f7ff3000 f7ff3000 f7ff3000 2000 2000 3 f7feb000 0 ${NAME}`;
  const calls = [record(163, 1), record(25, 0)].map(eventOf);
  assert.deepEqual(
    calls.map((event) => event?.kind === 'call' && [event.call, event.compat, event.result]),
    [
      ['mremap', true, -22n],
      ['mremap', false, -22n],
    ],
  );
  // 163 is acct in the 64-bit table: nothing that the probes print.
  assert.deepEqual(decode(printed(record(163, 0))), { kind: 'garbage' });
});

test('a 32-bit address that came sign-extended is an address, an errno stays one', () => {
  const arm = lineDecoder({ arch: 'arm64', knowsVdso: true, knowsLastExit: true });
  const result = (text: string): bigint | undefined => {
    const line = arm(printed(`call ${WHO} 163 1 ${text} f7ff3000 f7ff3000 0 0 0 0 0 0 ${NAME}`));
    return line.kind === 'event' && line.event.kind === 'call' ? line.event.result : undefined;
  };
  assert.equal(result('-134975488'), BigInt.asUintN(32, -134975488n));
  assert.equal(result('-1'), -1n);
  assert.equal(result('-4095'), -4095n);
  assert.equal(result('-4096'), 0xfffff000n);
});

test('ipc(SHMAT) of a 32-bit process is a shmat', () => {
  const event = eventOf(`call ${WHO} 117 1 0 f7ff3000 f7ff3000 15 7 4000 ffe01234 f7ff3000 0 ${NAME}`);
  assert.ok(event?.kind === 'call');
  assert.deepEqual([event.call, event.args], ['shmat', [7n, 0xf7ff3000n, 0x4000n]]);
});

test('writers, namespaces, prctl', () => {
  const call = (number: number, args: string, result = '0'): Event | undefined =>
    eventOf(`call ${WHO} ${number} 0 ${result} 7f79ce003000 7f79ce003000 ${args} ${NAME}`);
  assert.deepEqual(call(101, '4 1f4 7f00 2a 0 0'), {
    kind: 'poke',
    ...SEEN,
    how: 'ptrace',
    targetPid: 500,
    address: 0x7f00n,
    result: 0n,
  });
  const inContainer = call(101, '4 1f4 7f00 2a 0 f0000077');
  assert.ok(inContainer?.kind === 'poke');
  assert.equal(inContainer.pidNamespace, 0xf0000077n);
  const by32 = eventOf(`call ${WHO} 26 1 0 f7ff3000 f7ff3000 4 1f4 7f00 2a 0 f0000077 ${NAME}`);
  assert.ok(by32?.kind === 'poke');
  assert.equal(by32.pidNamespace, undefined, 'what a 32-bit caller has in that register');
  assert.deepEqual(call(311, 'ffffffffffffffff 0 0 2 0 0', '-3'), {
    kind: 'poke',
    ...SEEN,
    how: 'process_vm_writev',
    targetPid: -1,
    address: undefined,
    result: -3n,
  });
  assert.deepEqual(call(308, '5 80 0 0 0 0'), { kind: 'namespace', ...SEEN, call: 'setns', flags: 0x80n, result: 0n });
  assert.deepEqual(call(272, '4000000 0 0 0 0 0'), {
    kind: 'namespace',
    ...SEEN,
    call: 'unshare',
    flags: 0x4000000n,
    result: 0n,
  });
  assert.deepEqual(call(157, '23 e 0 0 0 0'), { kind: 'prctl', ...SEEN, option: 14n, result: 0n });
});

test('fork, exec, exit', () => {
  assert.deepEqual(eventOf(`fork ${WHO} 4300 1200000 ${NAME}`), {
    kind: 'fork',
    ...SEEN,
    childPid: 4300,
    cloneFlags: 0x1200000n,
  });
  assert.deepEqual(eventOf(`exec ${WHO} 7fa206780000 ${NAME}`), { kind: 'exec', ...SEEN, vdso: 0x7fa206780000n });
  assert.deepEqual(eventOf(`exit ${WHO} 8b ${NAME}`), { kind: 'exit', ...SEEN, wholeProcess: true, status: 0x8b });
});

test('how far the ring of a CPU has been read', () => {
  assert.deepEqual(decode(printed('mark 127 5000')), { kind: 'mark', cpu: 127, at: 5000n });
});

test('fork, exec and exit that waited in a queue', () => {
  assert.deepEqual(eventOf(`life 1 ${WHO} 10cc 1200000 ${NAME}`), eventOf(`fork ${WHO} 4300 1200000 ${NAME}`));
  assert.deepEqual(eventOf(`life 2 ${WHO} 7fa206780000 0 ${NAME}`), eventOf(`exec ${WHO} 7fa206780000 ${NAME}`));
  assert.deepEqual(eventOf(`life 3 ${WHO} 300 0 ${NAME}`), eventOf(`exit ${WHO} 300 ${NAME}`));
  assert.deepEqual(decode(printed(`life 4 ${WHO} 0 0 ${NAME}`)), { kind: 'garbage' });
});

test('what the probes could not read is unknown, not 0', () => {
  const blind = lineDecoder({ arch: 'x64', knowsVdso: false, knowsLastExit: false });
  const lines = [`exec ${WHO} 0 ${NAME}`, `exit ${WHO} 0 ${NAME}`, `call ${WHO} 25 0 0 0 0 0 0 0 0 0 0 ${NAME}`];
  const events = lines
    .map((record) => blind(printed(record)))
    .flatMap((line) => (line.kind === 'event' ? [line.event] : []));
  assert.deepEqual(
    events.map((event) =>
      event.kind === 'exec'
        ? event.vdso
        : event.kind === 'exit'
          ? event.wholeProcess
          : event.kind === 'call'
            ? event.vdsoAfter
            : 'other',
    ),
    [undefined, false, undefined],
  );
});

test('heartbeats and counts', () => {
  assert.deepEqual(decode(printed('beat 2736466512438')), { kind: 'beat', at: 2736466512438n });
  assert.deepEqual(decode('{"type": "map", "data": {"@emitted": 18}}'), { kind: 'total', emitted: 18n });
});

test('what bpftrace says of itself is no record', () => {
  for (const line of [
    '',
    '{"type": "attached_probes", "data": {"probes": 34}}',
    '{"type": "attached_probes", "count": 34, "data": {"probes": 34}}',
    '{"type": "lost_events", "count": 321, "data": {"events": 321}}',
    '{"type": "map", "data": {"@apart": {"140161123856384": [1,2,3,4]}}}',
  ])
    assert.deepEqual(decode(line), { kind: 'other' });
});

test('any comm comes back byte for byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 15 }), (bytes) => {
      const comm = Buffer.from(bytes);
      const end = comm.indexOf(0);
      const event = eventOf(`exec ${WHO} 0 ${rh(comm)}`);
      assert.ok(event?.kind === 'exec');
      assert.equal(event.comm, comm.subarray(0, end === -1 ? comm.length : end).toString('latin1'));
    }),
    { numRuns: fuzzRuns(200) },
  );
});

test('garbage is never an event, whatever was done to a record', () => {
  const record = `call ${WHO} 25 0 140161123856384 7f79ce003000 7f79cdffb000 7f79ce003000 2000 2000 3 7f79cdffb000 0 ${NAME}`;
  // Anything between two fields, or instead of one.
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 8 }), fc.nat(18), fc.boolean(), (text, index, replace) => {
      const fields = record.split(' ');
      if (/^(-?\d{1,20}|[0-9a-f]{1,16})$/.test(text)) return;
      fields.splice(index, replace ? 1 : 0, text);
      // fast-check likes names of methods, "call" among them.
      fc.pre(fields.join(' ') !== record);
      const line = decode(printed(fields.join(' ')));
      assert.notEqual(line.kind, 'event');
    }),
    { numRuns: fuzzRuns(500) },
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string().map(printed), fc.string({ unit: 'binary' })), (text) => {
      assert.notEqual(decode(text).kind, 'event');
    }),
    { numRuns: fuzzRuns(500) },
  );
});

test('a record cut short is garbage', () => {
  const whole = printed(`exec ${WHO} 0 ${NAME}`);
  for (let length = 0; length < whole.length; length++) assert.notEqual(decode(whole.slice(0, length)).kind, 'event');
});
