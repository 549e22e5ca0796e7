import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readBtf } from '../../src/bpftrace/btf.js';
import { followMembers, padMembers } from '../../src/bpftrace/members.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { buildBtf, i32, pointerTo, struct, u64 } from './btf-builder.js';
import { taskBtf, X86_CONTEXT } from './hosts.js';

test('members are found through pointers, typedefs and unnamed structures', () => {
  const btf = taskBtf(X86_CONTEXT);
  assert.deepEqual(followMembers(btf, 'curtask->mm->context.vdso'), {
    offsets: [2000, 1112],
    value: { size: 8, signed: false },
  });
  assert.deepEqual(followMembers(btf, 'curtask->signal->live.counter'), {
    offsets: [2400, 4],
    value: { size: 4, signed: true },
  });
  assert.deepEqual(followMembers(btf, 'curtask->thread_info.status'), {
    offsets: [16],
    value: { size: 4, signed: false },
  });
});

test('what is not there, or no number, is not found', () => {
  const btf = taskBtf(X86_CONTEXT);
  assert.equal(followMembers(btf, 'curtask->mm->context.vdso_base'), undefined);
  assert.equal(followMembers(btf, 'curtask->mm->context'), undefined);
  assert.equal(followMembers(btf, 'curtask->pid->context'), undefined);
  assert.equal(followMembers(btf, 'curtask->none->context.vdso'), undefined);
});

test('big-endian BTF reads the same', () => {
  const shape = struct('task_struct', { pid: [8, i32], next: [16, pointerTo(u64)] });
  const btf = readBtf(buildBtf([shape], false));
  assert.ok(btf !== undefined);
  assert.deepEqual(followMembers(btf, 'curtask->pid'), { offsets: [8], value: { size: 4, signed: true } });
});

test('padded structures hold each member at its offset', () => {
  const btf = taskBtf(X86_CONTEXT);
  const paths = ['curtask->mm', 'curtask->mm->context.vdso', 'curtask->tgid', 'curtask->mm->context.ctx_id'];
  const found = new Map(
    paths.flatMap((path) => {
      const member = followMembers(btf, path);
      return member === undefined ? [] : [[path, member]];
    }),
  );
  const { structs, rewritten } = padMembers(found);
  assert.equal(
    structs,
    [
      'struct vw_task_2000 {',
      '  char p0[1000];',
      '  unsigned long m1000;',
      '  char p1008[104];',
      '  unsigned long m1112;',
      '};',
      'struct vw_task {',
      '  char p0[2000];',
      '  struct vw_task_2000 *m2000;',
      '  char p2008[96];',
      '  signed int m2104;',
      '};',
    ].join('\n'),
  );
  assert.equal(rewritten.get('curtask->mm'), '((struct vw_task *)curtask)->m2000');
  assert.equal(rewritten.get('curtask->mm->context.vdso'), '((struct vw_task *)curtask)->m2000->m1112');
});

test('no bytes make the reader throw or hang', () => {
  const whole = buildBtf([struct('task_struct', { mm: [0, pointerTo(struct('mm', { '': [0, struct('', {})] }))] })]);
  const follow = (bytes: Uint8Array): void => {
    const btf = readBtf(bytes);
    if (btf !== undefined) followMembers(btf, 'curtask->mm->context.vdso');
  };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(whole.length),
      (changes, length) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        follow(bytes.subarray(0, length));
        follow(bytes);
      },
    ),
    { numRuns: fuzzRuns(500) },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => follow(Buffer.concat([whole.subarray(0, 24), bytes]))),
    { numRuns: fuzzRuns(300) },
  );
});
