import { KindGuard, type Static, type TSchema, Type } from '@sinclair/typebox';
import { EventJson } from '../model/event-schema.js';
import { orNull } from '../model/shapes.js';
import { EventRecord } from './format-event.js';
import { BlobRecord, EvidenceJson, HostRecord } from './format-evidence.js';
import { HintTest, Latin1, Offset, Pid, Time, Word } from './shapes.js';

/**
 * `vdsowatch/trace/1`: one JSON object a line, ASCII, append-only. The lines hold what the pipeline's reducer was
 * given, in the order in which it was, so that the same code gives the same states again; and beside it what was said
 * of it, so that a reader need not. One definition gives the type, the check and the published schema.
 *
 * A recording begins with a `header`. `frame` and `check` lines end a block: their `crc` is the CRC-32 of every byte
 * since the line before the block, up to the comma in front of "crc" itself. A tool that changes lines leaves `crc` out.
 */
export const TRACE = 'vdsowatch/trace/1';

/** Who recorded what, where. Another one may follow in the same file: after a rotation, or from another run. */
export const HeaderRecord = Type.Object({
  record: Type.Literal('header'),
  schema: Type.String({ description: TRACE }),
  session: Type.String({ description: 'the same in all files of one run' }),
  part: Type.Integer({ minimum: 0, description: 'counts the files of one run (--rotate)' }),
  at: Time,
  time: Type.String({ description: 'the same moment, ISO 8601, UTC' }),
  offset: Offset,
  bootId: orNull(Type.String()),
  host: Type.Object({
    name: Type.String(),
    release: Type.String(),
    machine: Type.String(),
    privileged: Type.Boolean(),
  }),
  hint: HintTest,
  versions: Type.Object({ vdsowatch: Type.String(), node: Type.String(), bpftrace: orNull(Type.String()) }),
  probes: orNull(Type.Object({ attached: Type.Array(Type.String()), leftOut: Type.Array(Type.String()) })),
  only: Type.Array(Type.String({ description: 'what was recorded, if not everything: "--pid 17"' })),
  command: orNull(Type.Array(Type.String({ description: 'escaped' }))),
});
export type Header = Static<typeof HeaderRecord>;

/** One reading of one process. `id` is what a later `unchanged` names. */
export const SnapshotRecord = Type.Object({
  record: Type.Literal('snapshot'),
  id: Type.Integer(),
  pid: Type.Integer(),
  startedAt: Time,
  takenAt: orNull(Time),
  evidence: EvidenceJson,
});

/** Readings that differ from an earlier one of the same process by nothing but their time. */
export const UnchangedRecord = Type.Object({
  record: Type.Literal('unchanged'),
  at: Time,
  readings: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Integer(), orNull(Type.Integer())]), {
    description: 'pid, id of the snapshot, startedAt - at, takenAt - startedAt; ns',
  }),
});

/** The processes that exist: those of the census `since`, without `gone`, with `added`; since null: `added` alone. */
export const CensusRecord = Type.Object({
  record: Type.Literal('census'),
  id: Type.Integer(),
  since: orNull(Type.Integer()),
  at: Time,
  gone: Type.Array(Pid),
  added: Type.Array(Pid),
});

/** tick: time goes by; swept: all processes of the census before have been read. */
export const TimeRecord = Type.Object({
  record: Type.Union([Type.Literal('tick'), Type.Literal('swept')]),
  at: Time,
});

/** The difference of the clocks, from here on: that of the lines that were printed. */
export const ClockRecord = Type.Object({ record: Type.Literal('clock'), offset: Offset });

/** What the pipeline said that is about no single event: findings, a census. */
export const SaidRecord = Type.Object({ record: Type.Literal('said'), line: EventJson });

/** A verdict that has changed, for readers of the file. A replay makes it again. */
export const VerdictRecord = Type.Object({
  record: Type.Literal('verdict'),
  at: Time,
  pid: Type.Integer(),
  comm: Latin1,
  space: Type.String(),
  state: Type.String({ description: 'the word on the screen: "native", "moved detached"' }),
  vdso: Type.Optional(orNull(Word)),
  hint: orNull(Type.String()),
  findings: Type.Array(Type.String({ description: 'code, and mapping when it is about one' })),
});

/** What `vdsowatch hook` did when CRIU called it. */
export const HookRecord = Type.Object({
  record: Type.Literal('hook'),
  at: Time,
  action: Type.String(),
  root: orNull(Type.Integer()),
  criu: orNull(Type.String()),
  vetoed: Type.Boolean(),
  said: Type.Array(Type.String()),
  recordings: Type.Array(Type.String({ description: 'files that were being recorded at that moment' })),
});
export type Hook = Static<typeof HookRecord>;

const Crc = Type.Optional(Type.String({ pattern: '^[0-9a-f]{8}$' }));

/** Ends a frame: what the reducer was given in one go. `base`: what was known already, said again for a new file. */
export const FrameRecord = Type.Object({
  record: Type.Literal('frame'),
  frame: Type.Integer(),
  at: Time,
  observations: Type.Integer(),
  base: Type.Optional(Type.Literal(true)),
  crc: Crc,
});

const CheckRecord = Type.Object({ record: Type.Literal('check'), crc: Crc });

export const TraceRecord = Type.Union(
  [
    HeaderRecord,
    HostRecord,
    BlobRecord,
    EventRecord,
    SnapshotRecord,
    UnchangedRecord,
    CensusRecord,
    TimeRecord,
    ClockRecord,
    SaidRecord,
    VerdictRecord,
    HookRecord,
    FrameRecord,
    CheckRecord,
  ],
  { $id: TRACE, title: 'one line of a vdsowatch recording' },
);

const kindsOf = (schema: TSchema | undefined): readonly string[] => {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap(kindsOf);
  if (KindGuard.IsObject(schema)) return kindsOf(schema.properties['record']);
  return KindGuard.IsLiteralString(schema) ? [schema.const] : [];
};

/** What `record` may be; of another kind are lines of a later version. */
export const KINDS: ReadonlySet<string> = new Set(kindsOf(TraceRecord));
