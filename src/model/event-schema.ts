import { type Static, Type } from '@sinclair/typebox';
import { EVENT } from './document-names.js';
import { FindingJson } from './report.js';
import { Hex, orNull, words } from './shapes.js';

const Nanoseconds = Type.String({ pattern: '^[0-9]+$', description: 'CLOCK_BOOTTIME, ns' });
const Result = {
  result: Type.String({ pattern: '^(0x[0-9a-f]+|-[0-9]+)$', description: 'return value; negative errno as decimal' }),
  errno: orNull(Type.String({ description: 'EPERM, ...; null when the call succeeded' })),
};

const Common = {
  schema: Type.Literal(EVENT),
  at: Nanoseconds,
  time: Type.String({ description: 'the same moment, ISO 8601, UTC' }),
  severity: words('info', 'warning', 'error'),
  text: Type.String({ description: 'the line for people' }),
};
const Process = {
  ...Common,
  pid: Type.Integer(),
  tid: Type.Integer(),
  comm: Type.String({ description: 'escaped' }),
  space: Type.String({ description: 'id of the address space; empty when it is forgotten' }),
};

/** One line of `watch -o ndjson`. Numbers that may exceed 2^53 are strings. */
export const EventJson = Type.Union(
  [
    Type.Object({
      ...Process,
      kind: Type.Literal('call'),
      call: Type.String(),
      args: Type.Array(Hex),
      ...Result,
      compat: Type.Boolean({ description: 'made through the 32-bit entry' }),
      vdsoBefore: orNull(Hex),
      vdsoAfter: orNull(Hex),
    }),
    Type.Object({
      ...Process,
      kind: Type.Literal('poke'),
      how: words('ptrace', 'process_vm_writev'),
      targetPid: Type.Integer({ description: 'as the writer numbers it' }),
      target: orNull(Type.Integer({ description: 'as our /proc numbers it' })),
      address: orNull(Hex),
      ...Result,
    }),
    Type.Object({ ...Process, kind: Type.Literal('fork'), child: Type.Integer(), cloneFlags: Hex }),
    Type.Object({ ...Process, kind: Type.Literal('exec'), vdso: orNull(Hex) }),
    Type.Object({
      ...Process,
      kind: Type.Literal('exit'),
      wholeProcess: Type.Boolean(),
      status: orNull(
        Type.Integer({ description: 'as of wait(2): % 128 the signal that killed it, / 256 what it gave to exit' }),
      ),
    }),
    Type.Object({ ...Process, kind: Type.Literal('namespace'), call: Type.String(), flags: Hex, ...Result }),
    Type.Object({ ...Process, kind: Type.Literal('prctl'), option: Hex, ...Result }),
    Type.Object({
      ...Common,
      kind: Type.Literal('gap'),
      from: Nanoseconds,
      cause: words('lost', 'restarted', 'stuck', 'late'),
      lost: orNull(Type.String({ pattern: '^[0-9]+$' })),
    }),
    Type.Object({
      ...Common,
      kind: Type.Literal('status'),
      mode: Type.String(),
      notes: Type.Array(Type.String()),
    }),
    Type.Object({
      ...Common,
      kind: Type.Literal('finding'),
      pid: Type.Integer(),
      comm: Type.String(),
      space: Type.String(),
      gone: Type.Boolean({ description: 'it no longer holds' }),
      finding: FindingJson,
    }),
    Type.Object({
      ...Common,
      kind: Type.Literal('note'),
      pid: Type.Integer(),
      comm: Type.String(),
      space: Type.String(),
    }),
  ],
  { $id: EVENT, title: 'one line of vdsowatch watch -o ndjson' },
);

export type EventLine = Static<typeof EventJson>;
