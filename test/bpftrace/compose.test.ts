import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeCompat, composeMain } from '../../src/bpftrace/compose.js';
import { parseScript } from '../../src/bpftrace/script.js';
import { goldenText } from '../golden.js';
import { pointerTo, u64 } from './btf-builder.js';
import { allTracepoints, host, scripts, taskBtf } from './hosts.js';

const golden = (name: string, text: string): void => goldenText(`bpftrace/${name}`, text, 'bt');

test('a host that has everything gets everything, the heartbeat last', () => {
  const main = composeMain(host(), scripts());
  assert.deepEqual(main.leftOut, []);
  assert.deepEqual(main.notes, []);
  assert.equal(main.points.at(-1), 'interval:ms:200');
  assert.equal(new Set(main.points).size, main.points.length);
  golden('x86-everything', main.text);
});

test('where loops are verified, lives wait in queues of this machine; asked for without, they do not', () => {
  const here = host({ queues: { cpus: 4, deep: 64 } });
  const main = composeMain(here, scripts());
  assert.match(main.text, /^#define CPUS 4$/m);
  assert.match(main.text, /^#define DEEP 64$/m);
  assert.ok(main.points.includes('interval:ms:10'));
  assert.equal(main.points.at(-1), 'interval:ms:200');
  assert.deepEqual(composeMain(here, scripts(), { queued: false }), composeMain(host(), scripts()));
});

test('a #define that only another one names is lost', () => {
  const named = [...composeMain(host(), scripts()).text.matchAll(/^#define TOUCHES .*$/gm)].join();
  assert.match(named, /IN_WINDOW/);
  assert.match(composeMain(host(), scripts()).text, /^#define IN_WINDOW /m);
});

test('a ring per CPU is marked, and the heartbeat stays the last', () => {
  for (const composition of [
    composeMain(host(), scripts(), { rings: true }),
    composeCompat(host(), scripts(), { rings: true }),
  ])
    assert.deepEqual(composition?.points.slice(-2), ['profile:s:1', 'interval:ms:200']);
  assert.ok(!composeMain(host(), scripts()).text.includes('mark'));
});

test('every exit attaches before its entry', () => {
  for (const composition of [composeMain(host(), scripts()), composeCompat(host(), scripts())]) {
    const points = composition?.points ?? [];
    for (const [index, point] of points.entries())
      if (point.includes(':sys_enter')) {
        const exit = points.indexOf(point.replace(':sys_enter', ':sys_exit'));
        assert.ok(exit >= 0 && exit < index, point);
      }
  }
});

test('a tracepoint that is not there is left out, and no other', () => {
  const without = ['syscalls:sys_enter_mseal', 'syscalls:sys_exit_mseal'];
  const main = composeMain(host({ without }), scripts());
  assert.deepEqual(
    main.leftOut.map(({ script, point }) => [script, point]),
    [
      ['seal', 'tracepoint:syscalls:sys_exit_mseal'],
      ['seal', 'tracepoint:syscalls:sys_enter_mseal'],
    ],
  );
  assert.ok(!main.text.includes('mseal'));
  assert.equal(main.points.length, composeMain(host(), scripts()).points.length - 2);
});

test('one missing member of a list of attach points costs that member alone', () => {
  const main = composeMain(host({ without: ['syscalls:sys_exit_shmat', 'syscalls:sys_enter_shmat'] }), scripts());
  assert.ok(main.points.includes('tracepoint:syscalls:sys_exit_munmap'));
  assert.ok(!main.text.includes('shmat'));
});

test('a field of another name costs its probe, and says so', () => {
  const tracepoints = allTracepoints();
  tracepoints.get('syscalls:sys_enter_madvise')?.delete('len_in');
  const main = composeMain(host({ fields: (name) => tracepoints.get(name) }), scripts());
  assert.deepEqual(main.leftOut, [
    {
      script: 'remap',
      point: 'tracepoint:syscalls:sys_enter_madvise',
      why: 'its field len_in is not there on this kernel',
    },
  ]);
});

test('without BTF: unfiltered and few, with builtins for what is left of identity', () => {
  const main = composeMain(host({ btf: undefined }), scripts());
  assert.equal(main.notes.length, 1);
  assert.match(main.notes[0] ?? '', /no BTF/);
  assert.ok(!main.text.includes('curtask->'), 'nothing that needs a type');
  assert.ok(!main.points.some((point) => /munmap|mprotect/.test(point)));
  assert.equal(composeCompat(host({ btf: undefined }), scripts()), undefined);
  golden('no-btf', main.text);
});

test('without context.vdso in BTF: unfiltered, the rest by offset', () => {
  const main = composeMain(host({ btf: taskBtf({ ctx_id: [0, u64] }) }), scripts());
  assert.match(main.notes[0] ?? '', /mm->context\.vdso/);
  assert.ok(main.text.includes('struct vw_task'));
});

test('context.vdso_base serves where there is no context.vdso', () => {
  const main = composeMain(host({ btf: taskBtf({ vdso_base: [40, u64] }) }), scripts());
  assert.deepEqual(main.notes, []);
  assert.ok(main.text.includes('m2000->m1040'));
});

test('the window is what this kernel has', () => {
  const main = composeMain(host({ window: { below: 0x8000n, above: 0x3000n } }), scripts());
  assert.match(main.text, /^#define VVAR 0x8000$/m);
  assert.match(main.text, /^#define VDSO 0x3000$/m);
});

test('32-bit calls: x86 by TS_COMPAT, arm64 by its own numbers and flag, others not at all', () => {
  const x86 = composeCompat(host(), scripts());
  assert.deepEqual(x86?.leftOut, []);
  golden('x86-compat', x86?.text ?? '');
  const arm = composeCompat(host({ arch: 'arm64', btf: taskBtf({ vdso: [8, pointerTo(u64)] }) }), scripts());
  assert.match(arm?.text ?? '', /#define NR_MADVISE 220/);
  assert.match(arm?.text ?? '', /m0 & 0x400000/);
  assert.match(arm?.text ?? '', /#define VDSO 0x2000/);
  assert.equal(composeCompat(host({ arch: 's390x' }), scripts()), undefined);
  assert.equal(composeCompat(host({ without: ['raw_syscalls:sys_enter'] }), scripts()), undefined);
  assert.equal(composeCompat(host({ btf: taskBtf({ ctx_id: [0, u64] }) }), scripts()), undefined);
});

test('a script whose braces do not match is no script', () => {
  assert.equal(parseScript('x', 'tracepoint:a:b { if (1) { '), undefined);
  assert.equal(parseScript('x', 'tracepoint:a:b'), undefined);
});
