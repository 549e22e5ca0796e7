import type { Static } from '@sinclair/typebox';
import type { Evidence, Host } from '../model/evidence.js';
import { openStore } from '../model/store.js';
import { kept } from '../pipeline/kept.js';
import type { Observation } from '../pipeline/observation.js';
import { happeningOf } from './decode-event.js';
import { evidenceOf, type Named } from './decode-evidence.js';
import * as format from './format.js';
import { EventRecord } from './format-event.js';
import { BlobRecord, EvidenceJson, HostRecord } from './format-evidence.js';
import type { LineReader, Said } from './items.js';
import { BLOBS, HOSTS, SNAPSHOTS } from './limits.js';
import { fromDigits, fromHex } from './number-text.js';
import { openFormerReadings, type ReadingLine, readingLine } from './reading-line.js';
import { BAD, check, commonRecord, ORPHAN, parsedLine, SAID, SNAPSHOT, startsWith, VERDICT } from './records.js';
import { swiftEvent } from './swift-event.js';

/** Lines back to what the reducer was given: the inverse of encoder.ts. */
export const openDecoder = (): LineReader<Observation> => {
  const hosts = openStore<number, Host>(HOSTS.most);
  const blobs = openStore<number, Uint8Array>(BLOBS.most, BLOBS.heaviest);
  const snapshots = openStore<number, { readonly id: number; readonly evidence: Evidence }>(SNAPSHOTS.most);
  let census: { readonly id: number; readonly pids: ReadonlySet<number> } | undefined;
  const former = openFormerReadings();
  const named: Named = { host: hosts.get, blob: blobs.get };

  const begin = (): void => {
    for (const store of [hosts, blobs, snapshots, former]) store.clear();
    census = undefined;
  };

  const host = ({ id, ...json }: Static<typeof HostRecord>): undefined => {
    const reference = Object.entries(json.reference).map(([image, frames]) => [image, frames.map(fromHex)] as const);
    const host = kept(hosts.get(id), {
      release: json.release ?? undefined,
      machine: json.machine ?? undefined,
      pageSize: json.pageSize,
      hintTest: json.hintTest,
      reference: new Map(reference),
      ...(json.bootId === undefined ? {} : { bootId: json.bootId }),
    });
    if (hosts.get(id) !== host) former.clear();
    hosts.put(id, host);
  };

  const blob = ({ id, base64 }: Static<typeof BlobRecord>): undefined => {
    const known = blobs.get(id);
    const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
    const isKnown = known !== undefined && Buffer.compare(known, bytes) === 0;
    if (!isKnown) former.clear();
    blobs.put(id, isKnown ? known : bytes, base64.length);
  };

  const snapshot = (json: Static<typeof format.SnapshotRecord>, into: Observation[]): Said | undefined => {
    const { id, pid, startedAt, takenAt } = json;
    const evidence = evidenceOf(json.evidence, takenAt === null ? undefined : fromDigits(takenAt), named);
    if (evidence === undefined) return ORPHAN;
    if (evidence === 'bad') return BAD;
    return take({ id, pid, startedAt: fromDigits(startedAt), evidence }, into);
  };

  const take = ({ id, pid, startedAt, evidence }: Read, into: Observation[]): undefined => {
    snapshots.put(pid, { id, evidence });
    return push(into, { kind: 'snapshot', pid, startedAt, evidence });
  };

  /** What the line of a reading holds; undefined: it is read the general way, which says what is wrong with it. */
  const swiftSnapshot = (bytes: Buffer, line: ReadingLine): Evidence | undefined => {
    const known = former.find(bytes, line);
    if (known !== undefined) return { ...known, takenAt: line.takenAt };
    const json = parsedLine(bytes, line.from, line.to);
    const evidence = checks.evidence(json) ? evidenceOf(json, line.takenAt, named) : undefined;
    if (evidence === undefined || evidence === 'bad') return undefined;
    former.put(bytes, line, evidence);
    return evidence;
  };

  const unchanged = (
    { at, readings }: Static<typeof format.UnchangedRecord>,
    into: Observation[],
  ): Said | undefined => {
    const base = fromDigits(at);
    let said: Said | undefined;
    for (const [pid, id, after, taken] of readings) {
      const known = snapshots.get(pid);
      if (known?.id !== id) said = ORPHAN;
      else {
        const startedAt = base + BigInt(after);
        const takenAt = taken === null ? undefined : startedAt + BigInt(taken);
        into.push({ kind: 'snapshot', pid, startedAt, evidence: { ...known.evidence, takenAt } });
      }
    }
    return said;
  };

  const readCensus = (json: Static<typeof format.CensusRecord>, into: Observation[]): Said | undefined => {
    if (json.since !== null && json.since !== census?.id) return ORPHAN;
    const pids = new Set(json.since === null ? [] : census?.pids);
    for (const pid of json.gone) {
      pids.delete(pid);
      snapshots.delete(pid);
    }
    for (const pid of json.added) pids.add(pid);
    census = { id: json.id, pids };
    into.push({ kind: 'census', at: fromDigits(json.at), pids });
    return undefined;
  };

  const general = (value: unknown, into: Observation[]): Said | undefined => {
    const kind = typeof value === 'object' && value !== null && 'record' in value ? value.record : undefined;
    switch (kind) {
      case 'call':
      case 'poke':
      case 'fork':
      case 'exec':
      case 'exit':
      case 'namespace':
      case 'prctl':
      case 'gap':
      case 'heartbeat':
      case 'status':
        return checks.event(value) ? push(into, happeningOf(value)) : BAD;
      case 'snapshot':
        return checks.snapshot(value) ? snapshot(value, into) : BAD;
      case 'unchanged':
        return checks.unchanged(value) ? unchanged(value, into) : BAD;
      case 'census':
        return checks.census(value) ? readCensus(value, into) : BAD;
      case 'tick':
      case 'swept':
        return checks.time(value) ? push(into, { kind: value.record, at: fromDigits(value.at) }) : BAD;
      case 'host':
        return checks.host(value) ? host(value) : BAD;
      case 'blob':
        return checks.blob(value) ? blob(value) : BAD;
      case 'header': {
        const said = commonRecord(value);
        if (said?.kind === 'header') begin();
        return said;
      }
      default:
        return commonRecord(value);
    }
  };

  return {
    line: (bytes, from, to, into) => {
      const happening = swiftEvent(bytes, from, to);
      if (happening !== undefined) return push(into, happening);
      const reading = startsWith(bytes, from, SNAPSHOT) ? readingLine(bytes, from, to) : undefined;
      const evidence = reading && swiftSnapshot(bytes, reading);
      if (reading !== undefined && evidence !== undefined) return take({ ...reading, evidence }, into);
      // There may be many, and they are made again.
      if (startsWith(bytes, from, VERDICT) || startsWith(bytes, from, SAID)) return undefined;
      const value = parsedLine(bytes, from, to);
      return value === undefined ? BAD : general(value, into);
    },
  };
};

interface Read {
  readonly id: number;
  readonly pid: number;
  readonly startedAt: bigint;
  readonly evidence: Evidence;
}

const push = (into: Observation[], observation: Observation): undefined => {
  into.push(observation);
};

const checks = {
  event: check(EventRecord),
  snapshot: check(format.SnapshotRecord),
  evidence: check(EvidenceJson),
  unchanged: check(format.UnchangedRecord),
  census: check(format.CensusRecord),
  time: check(format.TimeRecord),
  host: check(HostRecord),
  blob: check(BlobRecord),
};
