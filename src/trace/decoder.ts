import type { Static } from '@sinclair/typebox';
import type { Observation } from '../pipeline/observation.js';
import { happeningOf } from './decode-event.js';
import { openReadings } from './decode-readings.js';
import * as format from './format.js';
import { EventRecord } from './format-event.js';
import { BlobRecord, HostRecord } from './format-evidence.js';
import type { LineReader, Said } from './items.js';
import { fromDigits } from './number-text.js';
import {
  BAD,
  check,
  commonRecord,
  ORPHAN,
  parsedLine,
  recordOf,
  SAID,
  SNAPSHOT,
  startsWith,
  VERDICT,
} from './records.js';
import { swiftEvent } from './swift-event.js';

/** Lines back to what the reducer was given: the inverse of encoder.ts. */
export const openDecoder = (): LineReader<Observation> => {
  const readings = openReadings();
  let census: { readonly id: number; readonly pids: ReadonlySet<number> } | undefined;

  const begin = (): void => {
    readings.clear();
    census = undefined;
  };

  const readCensus = (json: Static<typeof format.CensusRecord>, into: Observation[]): Said | undefined => {
    if (json.since !== null && json.since !== census?.id) return ORPHAN;
    const pids = new Set(json.since === null ? [] : census?.pids);
    for (const pid of json.gone) {
      pids.delete(pid);
      readings.forget(pid);
    }
    for (const pid of json.added) pids.add(pid);
    census = { id: json.id, pids };
    return push(into, { kind: 'census', at: fromDigits(json.at), pids });
  };

  const general = (value: unknown, into: Observation[]): Said | undefined => {
    switch (recordOf(value)) {
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
        return checks.snapshot(value) ? readings.snapshot(value, into) : BAD;
      case 'unchanged':
        return checks.unchanged(value) ? readings.unchanged(value, into) : BAD;
      case 'census':
        return checks.census(value) ? readCensus(value, into) : BAD;
      case 'tick':
      case 'swept':
        return checks.time(value) ? push(into, { kind: value.record, at: fromDigits(value.at) }) : BAD;
      case 'host':
        return checks.host(value) ? readings.putHost(value) : BAD;
      case 'blob':
        return checks.blob(value) ? readings.putBlob(value) : BAD;
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
      const reading = startsWith(bytes, from, SNAPSHOT) ? readings.swift(bytes, from, to) : undefined;
      if (reading !== undefined) return push(into, reading);
      // There may be many, and they are made again.
      if (startsWith(bytes, from, VERDICT) || startsWith(bytes, from, SAID)) return undefined;
      const value = parsedLine(bytes, from, to);
      return value === undefined ? BAD : general(value, into);
    },
  };
};

const push = (into: Observation[], observation: Observation): undefined => {
  into.push(observation);
};

const checks = {
  event: check(EventRecord),
  snapshot: check(format.SnapshotRecord),
  unchanged: check(format.UnchangedRecord),
  census: check(format.CensusRecord),
  time: check(format.TimeRecord),
  host: check(HostRecord),
  blob: check(BlobRecord),
};
