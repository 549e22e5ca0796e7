import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { Evidence, EvidenceSource, Unread } from '../model/evidence.js';
import { orNull } from '../model/shapes.js';
import { allWords, Digits, HintTest, Int, Latin1, Word } from './shapes.js';

/** The machine that evidence is from; named by `host` in later snapshots. */
export const HostRecord = Type.Object({
  record: Type.Literal('host'),
  id: Type.Integer(),
  release: orNull(Type.String()),
  machine: orNull(Type.String()),
  pageSize: Type.Integer({ minimum: 1 }),
  hintTest: HintTest,
  reference: Type.Record(Type.String(), Type.Array(Word), { description: 'frame numbers by vDSO image' }),
  bootId: Type.Optional(Type.String()),
});

/** Bytes of memory, given once and named by `id` afterwards: the newest 256 blobs, or 16 MiB of them, may be named. */
export const BlobRecord = Type.Object({
  record: Type.Literal('blob'),
  id: Type.Integer(),
  base64: Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' }),
});

const byStart = <const T extends TSchema>(value: T, description: string) =>
  Type.Record(Word, value, { additionalProperties: false, description });
const Words = byStart(Type.Array(Word), 'one word a page, by start of the mapping');

export const EvidenceJson = Type.Object({
  source: allWords<EvidenceSource>({ proc: true, bundle: true, 'criu-image': true, core: true, recording: true }),
  host: Type.Integer(),
  process: Type.Object({
    pid: Type.Integer(),
    comm: orNull(Latin1),
    cmdline: orNull(Type.Array(Latin1)),
    startTicks: orNull(Digits),
    state: orNull(Latin1),
    parent: orNull(Type.Integer()),
    tracer: orNull(Type.Integer()),
    uid: orNull(Type.Integer()),
    kernelThread: orNull(Type.Boolean()),
    insidePid: Type.Optional(
      Type.Integer({ description: 'its number in its own pid namespace, where that is another' }),
    ),
    mainThreadEnded: Type.Optional(Type.Literal(true, { description: 'and others live on' })),
    instructionPointers: Type.Optional(Type.Array(Word)),
  }),
  maps: orNull(Type.Array(Type.String({ description: 'a line of /proc/PID/maps' }))),
  onlyBlock: Type.Optional(Type.Literal(true)),
  namesBy: Type.Optional(allWords<NonNullable<Evidence['namesBy']>>({ kernel: true, criu: true })),
  smaps: orNull(
    byStart(
      Type.Object({
        rss: orNull(Type.Number()),
        anonymous: orNull(Type.Number()),
        swap: orNull(Type.Number()),
        sharedClean: orNull(Type.Number()),
        privateClean: orNull(Type.Number()),
        privateDirty: orNull(Type.Number()),
        flags: orNull(Type.String({ description: 'as in VmFlags: "rd ex mr mw me de sd"' })),
      }),
      'numbers are kB, by start of the mapping',
    ),
  ),
  pagemap: Words,
  kpageflags: Words,
  bytes: byStart(Int, 'id of the blob that holds them, by start of the mapping'),
  auxv: orNull(
    Type.Object({
      wordSize: Type.Union([Type.Literal(4), Type.Literal(8)]),
      littleEndian: Type.Boolean(),
      entries: Type.Array(Type.Tuple([Type.Number(), Word])),
    }),
  ),
  namespaces: Type.Record(Type.String(), Digits),
  contextVdso: orNull(Word),
  faultedPages: Type.Boolean(),
  unread: Type.Array(
    Type.Object({
      what: Type.String(),
      why: allWords<Unread['why']>({ gone: true, denied: true, torn: true, absent: true, truncated: true, bad: true }),
      detail: Type.String(),
    }),
  ),
});
export type EvidenceJson = Static<typeof EvidenceJson>;
