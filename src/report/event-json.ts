import { EVENT } from '../model/document-names.js';
import { errnoName, errnoOf } from '../model/errno.js';
import type { Event } from '../model/event.js';
import type { EventLine } from '../model/event-schema.js';
import type { HistoryLine } from '../model/state.js';
import { printable } from '../text/escape.js';
import { hex } from '../text/hex.js';
import { isoTime, type WallOffset } from '../text/time-of-day.js';
import { findingReport } from './process.js';

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
      return { kind: event.kind, wholeProcess: event.wholeProcess, status: event.status ?? null };
    case 'namespace':
      return { kind: event.kind, call: event.call, flags: hex(event.flags), ...result(event.result) };
    case 'prctl':
      return { kind: event.kind, option: hex(event.option), ...result(event.result) };
  }
};

const orNothing = (address: bigint | undefined): string | null => (address === undefined ? null : hex(address));

const result = (value: bigint) => ({
  result: value < 0n ? String(value) : hex(value),
  errno: nameOf(errnoOf(value)),
});

const nameOf = (errno: number | undefined): string | null => (errno === undefined ? null : errnoName(errno));
