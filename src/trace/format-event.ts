import { Type } from '@sinclair/typebox';
import { Digits, Int, orNull, Result, Time, Word, words } from './shapes.js';

/** How the pipeline took the event: whose address space it is about, and whether that is read afterwards. */
const Happened = {
  target: orNull(Type.Integer({ description: "pid in the recorder's /proc" })),
  snapshot: words('asked', 'none', 'refused'),
};

const Seen = {
  at: Time,
  tgid: Int,
  tid: Int,
  comm: Type.String({ description: 'raw bytes, one character each (latin1): hostile' }),
  space: Type.Object(
    { id: Word, mm: Word },
    { description: 'address space: mm->context.ctx_id (x86; 0x0 elsewhere), and address of the mm_struct' },
  ),
};

export const CALLS = [
  'mremap',
  'munmap',
  'mmap',
  'shmat',
  'remap_file_pages',
  'mprotect',
  'pkey_mprotect',
  'mseal',
  'madvise',
  'arch_prctl',
] as const;

const Call = Type.Object({
  ...Seen,
  record: Type.Literal('call'),
  call: words(...CALLS),
  args: Type.Array(Word),
  result: Result,
  compat: Type.Boolean({ description: 'made through the 32-bit entry' }),
  vdsoBefore: orNull(Word),
  vdsoAfter: orNull(Word),
  ...Happened,
});

const Poke = Type.Object({
  ...Seen,
  record: Type.Literal('poke'),
  how: words('ptrace', 'process_vm_writev'),
  targetPid: Type.Integer({ description: 'as the writer numbers it' }),
  address: orNull(Word),
  result: Result,
  ...Happened,
});

const Fork = Type.Object({ ...Seen, record: Type.Literal('fork'), childPid: Int, cloneFlags: Word, ...Happened });
const Exec = Type.Object({ ...Seen, record: Type.Literal('exec'), vdso: orNull(Word), ...Happened });
const Exit = Type.Object({ ...Seen, record: Type.Literal('exit'), wholeProcess: Type.Boolean(), ...Happened });

const Namespace = Type.Object({
  ...Seen,
  record: Type.Literal('namespace'),
  call: words('setns', 'unshare'),
  flags: Word,
  result: Result,
  ...Happened,
});

const Prctl = Type.Object({ ...Seen, record: Type.Literal('prctl'), option: Word, result: Result, ...Happened });

const Gap = Type.Object({
  record: Type.Literal('gap'),
  at: Time,
  from: Time,
  cause: words('lost', 'restarted', 'stuck'),
  lost: orNull(Digits),
  ...Happened,
});

const Heartbeat = Type.Object({
  record: Type.Literal('heartbeat'),
  at: Time,
  emitted: Digits,
  received: Digits,
  ...Happened,
});

const Status = Type.Object({
  record: Type.Literal('status'),
  at: Time,
  mode: words('starting', 'ebpf', 'polling', 'replay'),
  text: Type.String(),
  notes: Type.Array(Type.String()),
  ...Happened,
});

/** Something a probe saw (src/model/event.ts), and how the pipeline took it. */
export const EventRecord = Type.Union([Call, Poke, Fork, Exec, Exit, Namespace, Prctl, Gap, Heartbeat, Status]);
