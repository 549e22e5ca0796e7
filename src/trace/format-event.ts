import { Type } from '@sinclair/typebox';
import type { GapEvent, MappingCall, NamespaceEvent, PokeEvent, TracerStatus } from '../model/event.js';
import { orNull } from '../model/shapes.js';
import type { HistoryLine } from '../model/state.js';
import type { Happening } from '../pipeline/observation.js';
import { allWords, Digits, Int, Result, Time, Word } from './shapes.js';

/**
 * How the pipeline took the event: whose address space it is about, and whether that is read afterwards. And, where
 * it said something of it, what it said.
 */
const Happened = {
  target: orNull(Type.Integer({ description: "pid in the recorder's /proc" })),
  snapshot: allWords<Happening['snapshot']>({ asked: true, none: true, refused: true }),
  severity: Type.Optional(allWords<HistoryLine['severity']>({ info: true, warning: true, error: true })),
  says: Type.Optional(Type.String({ description: 'the line for people' })),
  addressSpace: Type.Optional(Type.String({ description: 'its id, as in vdsowatch/event/1' })),
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

const CALL_WORDS: Readonly<Record<MappingCall, true>> = {
  mremap: true,
  munmap: true,
  mmap: true,
  shmat: true,
  remap_file_pages: true,
  mprotect: true,
  pkey_mprotect: true,
  mseal: true,
  madvise: true,
  arch_prctl: true,
};
const isCallWord = (word: string): word is MappingCall => Object.hasOwn(CALL_WORDS, word);
/** The commonest first. */
export const CALLS: readonly MappingCall[] = Object.keys(CALL_WORDS).filter(isCallWord);

const Call = Type.Object({
  ...Seen,
  record: Type.Literal('call'),
  call: allWords(CALL_WORDS),
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
  how: allWords<PokeEvent['how']>({ ptrace: true, process_vm_writev: true }),
  targetPid: Type.Integer({ description: 'as the writer numbers it' }),
  address: orNull(Word),
  result: Result,
  ...Happened,
});

const Fork = Type.Object({ ...Seen, record: Type.Literal('fork'), child: Int, cloneFlags: Word, ...Happened });
const Exec = Type.Object({ ...Seen, record: Type.Literal('exec'), vdso: orNull(Word), ...Happened });
const Exit = Type.Object({
  ...Seen,
  record: Type.Literal('exit'),
  wholeProcess: Type.Boolean(),
  /** Not in recordings before 2026-11-28. */
  status: Type.Optional(orNull(Type.Integer({ description: 'as of wait(2)' }))),
  ...Happened,
});

const Namespace = Type.Object({
  ...Seen,
  record: Type.Literal('namespace'),
  call: allWords<NamespaceEvent['call']>({ setns: true, unshare: true }),
  flags: Word,
  result: Result,
  ...Happened,
});

const Prctl = Type.Object({ ...Seen, record: Type.Literal('prctl'), option: Word, result: Result, ...Happened });

const Gap = Type.Object({
  record: Type.Literal('gap'),
  at: Time,
  from: Time,
  cause: allWords<GapEvent['cause']>({ lost: true, restarted: true, stuck: true, late: true }),
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
  mode: allWords<TracerStatus['mode']>({ starting: true, ebpf: true, polling: true, replay: true }),
  text: Type.String(),
  notes: Type.Array(Type.String()),
  ...Happened,
});

/** Something a probe saw (src/model/event.ts), and how the pipeline took it. */
export const EventRecord = Type.Union([Call, Poke, Fork, Exec, Exit, Namespace, Prctl, Gap, Heartbeat, Status]);
