import { constants } from 'node:os';
import { type Static, Type } from '@sinclair/typebox';
import type { Event } from '../model/event.js';
import { FindingJson } from '../model/report.js';
import type { HistoryLine } from '../model/state.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { isoTime, type WallOffset } from './line.js';
import { findingReport } from './process.js';

/** One line of `watch -o ndjson`: "vdsowatch/event/1". Numbers that may exceed 2^53 are strings. */
export const EVENT = 'vdsowatch/event/1';

const Hex = Type.String({ pattern: '^0x[0-9a-f]+$' });
const Nanoseconds = Type.String({ pattern: '^[0-9]+$', description: 'CLOCK_BOOTTIME, ns' });
const orNull = <const T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const Result = {
  result: Type.String({ pattern: '^(0x[0-9a-f]+|-[0-9]+)$', description: 'return value; negative errno as decimal' }),
  errno: orNull(Type.String({ description: 'EPERM, ...; null when the call succeeded' })),
};

const Common = {
  schema: Type.Literal(EVENT),
  at: Nanoseconds,
  time: Type.String({ description: 'the same moment, ISO 8601, UTC' }),
  severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
  text: Type.String({ description: 'the line for people' }),
};
const Process = {
  ...Common,
  pid: Type.Integer(),
  tid: Type.Integer(),
  comm: Type.String({ description: 'escaped' }),
  space: Type.String({ description: 'id of the address space; empty when it is forgotten' }),
};

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
      how: Type.Union([Type.Literal('ptrace'), Type.Literal('process_vm_writev')]),
      targetPid: Type.Integer({ description: 'as the writer numbers it' }),
      target: orNull(Type.Integer({ description: 'as our /proc numbers it' })),
      address: orNull(Hex),
      ...Result,
    }),
    Type.Object({ ...Process, kind: Type.Literal('fork'), child: Type.Integer(), cloneFlags: Hex }),
    Type.Object({ ...Process, kind: Type.Literal('exec'), vdso: orNull(Hex) }),
    Type.Object({ ...Process, kind: Type.Literal('exit'), wholeProcess: Type.Boolean() }),
    Type.Object({ ...Process, kind: Type.Literal('namespace'), call: Type.String(), flags: Hex, ...Result }),
    Type.Object({ ...Process, kind: Type.Literal('prctl'), option: Hex, ...Result }),
    Type.Object({
      ...Common,
      kind: Type.Literal('gap'),
      from: Nanoseconds,
      cause: Type.Union([Type.Literal('lost'), Type.Literal('restarted'), Type.Literal('stuck'), Type.Literal('late')]),
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

/** The machine form of a line: hostile text escaped, addresses as strings, unknown as null. */
export const eventLine = (line: HistoryLine, offset: WallOffset): EventLine => {
  const { at, severity, text, event, finding } = line;
  const common = { schema: EVENT, at: String(at), time: isoTime(at, offset), severity, text } as const;
  const process = { ...common, pid: line.pid, comm: printable(line.comm), space: line.space };
  if (finding !== undefined)
    return { ...process, kind: 'finding', gone: line.gone === true, finding: findingReport(finding) };
  if (event === undefined || event.kind === 'heartbeat') return { ...process, kind: 'note' };
  if (event.kind === 'gap') {
    const { kind, from, cause, lost } = event;
    return { ...common, kind, from: String(from), cause, lost: lost === undefined ? null : String(lost) };
  }
  if (event.kind === 'status')
    return { ...common, kind: 'status', mode: event.status.mode, notes: [...event.status.notes] };
  return { ...process, tid: event.tid, ...details(event, line.target) };
};

const details = (event: Exclude<Event, { kind: 'gap' | 'status' | 'heartbeat' }>, target: number | undefined) => {
  switch (event.kind) {
    case 'call':
      return {
        kind: event.kind,
        call: event.call,
        args: event.args.map(hex),
        ...result(event.result),
        compat: event.compat,
        vdsoBefore: orNothing(event.vdsoBefore),
        vdsoAfter: orNothing(event.vdsoAfter),
      };
    case 'poke':
      return {
        kind: event.kind,
        how: event.how,
        targetPid: event.targetPid,
        target: target ?? null,
        address: orNothing(event.address),
        ...result(event.result),
      };
    case 'fork':
      return { kind: event.kind, child: event.childPid, cloneFlags: hex(event.cloneFlags) };
    case 'exec':
      return { kind: event.kind, vdso: orNothing(event.vdso) };
    case 'exit':
      return { kind: event.kind, wholeProcess: event.wholeProcess };
    case 'namespace':
      return { kind: event.kind, call: event.call, flags: hex(event.flags), ...result(event.result) };
    case 'prctl':
      return { kind: event.kind, option: hex(event.option), ...result(event.result) };
  }
};

const orNothing = (address: bigint | undefined): string | null => (address === undefined ? null : hex(address));

const result = (value: bigint) => ({
  result: value < 0n ? String(value) : hex(value),
  errno: value < 0n && value >= -4095n ? (ERRNO.get(Number(-value)) ?? String(-value)) : null,
});

const ERRNO = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
