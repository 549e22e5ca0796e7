import type { Event, SpaceKey } from '../model/event.js';
import type { HistoryLine } from '../model/state.js';
import type { Happening } from '../pipeline/observation.js';
import { hex } from '../text/hex.js';
import { jsonOf, jsonText } from './json-text.js';
import { resultText } from './number-text.js';

/**
 * An event as a line (`EventRecord`), without its end. The order of the keys is part of the writing: the swift reader
 * (swift-event.ts) knows it, and any other order is read too, slower.
 */
export const eventLine = ({ event, target, snapshot }: Happening, said?: HistoryLine): string =>
  `{"record":"${event.kind}","at":"${event.at}",${body(event)},"target":${target ?? null},"snapshot":"${snapshot}"${said === undefined ? '' : saidOf(said)}}`;

const saidOf = ({ severity, text, space }: HistoryLine): string =>
  `,"severity":"${severity}","says":${jsonText(text)},"addressSpace":${jsonText(space)}`;

const body = (event: Event): string => {
  switch (event.kind) {
    case 'call':
      return `${seen(event)},"call":"${event.call}","args":[${event.args.map(quoted).join(',')}],"result":"${resultText(event.result)}","compat":${event.compat},"vdsoBefore":${orNull(event.vdsoBefore)},"vdsoAfter":${orNull(event.vdsoAfter)}`;
    case 'poke':
      return `${seen(event)},"how":"${event.how}","targetPid":${event.targetPid},"address":${orNull(event.address)},"result":"${resultText(event.result)}"`;
    case 'fork':
      return `${seen(event)},"child":${event.childPid},"cloneFlags":${quoted(event.cloneFlags)}`;
    case 'exec':
      return `${seen(event)},"vdso":${orNull(event.vdso)}`;
    case 'exit':
      return `${seen(event)},"wholeProcess":${event.wholeProcess},"status":${event.status ?? null}`;
    case 'namespace':
      return `${seen(event)},"call":"${event.call}","flags":${quoted(event.flags)},"result":"${resultText(event.result)}"`;
    case 'prctl':
      return `${seen(event)},"option":${quoted(event.option)},"result":"${resultText(event.result)}"`;
    case 'gap':
      return `"from":"${event.from}","cause":"${event.cause}","lost":${event.lost === undefined ? null : `"${event.lost}"`}`;
    case 'heartbeat':
      return `"emitted":"${event.emitted}","received":"${event.received}"`;
    case 'status':
      return `"mode":"${event.status.mode}","text":${jsonText(event.status.text)},"notes":${jsonOf(event.status.notes)}`;
  }
};

interface Seen {
  readonly tgid: number;
  readonly tid: number;
  readonly comm: string;
  readonly space: SpaceKey;
}

const seen = ({ tgid, tid, comm, space }: Seen): string =>
  `"tgid":${tgid},"tid":${tid},"comm":${jsonText(comm)},"space":{"id":${quoted(space.id)},"mm":${quoted(space.mm)}}`;

const quoted = (value: bigint): string => `"${hex(value)}"`;
const orNull = (value: bigint | undefined): string => (value === undefined ? 'null' : quoted(value));
