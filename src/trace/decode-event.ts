import type { Static } from '@sinclair/typebox';
import type { Event } from '../model/event.js';
import type { Happening } from '../pipeline/observation.js';
import type { EventRecord } from './format-event.js';
import { fromDigits, fromHex, fromResult } from './number-text.js';

type EventJson = Static<typeof EventRecord>;

/** A checked event record back to what the pipeline had. */
export const happeningOf = (record: EventJson): Happening => ({
  kind: 'event',
  event: eventOf(record),
  target: record.target ?? undefined,
  snapshot: record.snapshot,
});

const eventOf = (record: EventJson): Event => {
  const at = fromDigits(record.at);
  switch (record.record) {
    case 'call':
      return {
        kind: 'call',
        ...seenOf(record, at),
        call: record.call,
        args: record.args.map(fromHex),
        result: fromResult(record.result),
        compat: record.compat,
        vdsoBefore: wordOf(record.vdsoBefore),
        vdsoAfter: wordOf(record.vdsoAfter),
      };
    case 'poke':
      return {
        kind: 'poke',
        ...seenOf(record, at),
        how: record.how,
        targetPid: record.targetPid,
        address: wordOf(record.address),
        result: fromResult(record.result),
      };
    case 'fork':
      return {
        kind: 'fork',
        ...seenOf(record, at),
        childPid: record.child,
        cloneFlags: fromHex(record.cloneFlags),
      };
    case 'exec':
      return { kind: 'exec', ...seenOf(record, at), vdso: wordOf(record.vdso) };
    case 'exit':
      return {
        kind: 'exit',
        ...seenOf(record, at),
        wholeProcess: record.wholeProcess,
        status: record.status ?? undefined,
      };
    case 'namespace':
      return {
        kind: 'namespace',
        ...seenOf(record, at),
        call: record.call,
        flags: fromHex(record.flags),
        result: fromResult(record.result),
      };
    case 'prctl':
      return {
        kind: 'prctl',
        ...seenOf(record, at),
        option: fromHex(record.option),
        result: fromResult(record.result),
      };
    case 'gap':
      return {
        kind: 'gap',
        at,
        from: fromDigits(record.from),
        cause: record.cause,
        lost: record.lost === null ? undefined : fromDigits(record.lost),
      };
    case 'heartbeat':
      return { kind: 'heartbeat', at, emitted: fromDigits(record.emitted), received: fromDigits(record.received) };
    case 'status':
      return { kind: 'status', at, status: { mode: record.mode, text: record.text, notes: record.notes } };
  }
};

type SeenJson = Extract<EventJson, { tgid: number }>;

const seenOf = ({ tgid, tid, comm, space }: SeenJson, at: bigint) => ({
  at,
  tgid,
  tid,
  comm,
  space: { id: fromHex(space.id), mm: fromHex(space.mm) },
});

const wordOf = (text: string | null): bigint | undefined => (text === null ? undefined : fromHex(text));
