import type { Static } from '@sinclair/typebox';
import type { Evidence } from '../model/evidence.js';
import { openStore } from '../model/store.js';
import type { Observation, Snapshot } from '../pipeline/observation.js';
import { evidenceOf } from './decode-evidence.js';
import { type OpenNamed, openNamed } from './decode-named.js';
import type { SnapshotRecord, UnchangedRecord } from './format.js';
import { EvidenceJson } from './format-evidence.js';
import type { Said } from './items.js';
import { SNAPSHOTS } from './limits.js';
import { fromDigits } from './number-text.js';
import { openFormerReadings, type ReadingLine, readingLine } from './reading-line.js';
import { BAD, check, ORPHAN, parsedLine } from './records.js';

/** The lines of readings, and of what they name: hosts, blobs, earlier readings. `into`: see LineReader. */
export interface OpenReadings extends Pick<OpenNamed, 'putHost' | 'putBlob'> {
  /** The reading that bytes[from..to) holds; undefined: it is to be read the general way, which says what is wrong. */
  readonly swift: (bytes: Buffer, from: number, to: number) => Snapshot | undefined;
  readonly snapshot: (json: Static<typeof SnapshotRecord>, into: Observation[]) => Said | undefined;
  readonly unchanged: (json: Static<typeof UnchangedRecord>, into: Observation[]) => Said | undefined;
  /** The process has gone: none of its readings is named again. */
  readonly forget: (pid: number) => void;
  readonly clear: () => void;
}

export const openReadings = (): OpenReadings => {
  const newest = openStore<number, { readonly id: number; readonly evidence: Evidence }>(SNAPSHOTS.most);
  const former = openFormerReadings();
  const named = openNamed(former.clear);

  const keep = (id: number, pid: number, startedAt: bigint, evidence: Evidence): Snapshot => {
    newest.put(pid, { id, evidence });
    return { kind: 'snapshot', pid, startedAt, evidence };
  };

  const evidenceIn = (bytes: Buffer, line: ReadingLine): Evidence | undefined => {
    const known = former.find(bytes, line);
    if (known !== undefined) return { ...known, takenAt: line.takenAt };
    const json = parsedLine(bytes, line.from, line.to);
    const evidence = isEvidence(json) ? evidenceOf(json, line.takenAt, named) : undefined;
    if (evidence === undefined || evidence === 'bad') return undefined;
    former.put(bytes, line, evidence);
    return evidence;
  };

  return {
    putHost: named.putHost,
    putBlob: named.putBlob,
    swift: (bytes, from, to) => {
      const line = readingLine(bytes, from, to);
      const evidence = line && evidenceIn(bytes, line);
      return line && evidence && keep(line.id, line.pid, line.startedAt, evidence);
    },
    snapshot: ({ id, pid, startedAt, takenAt, evidence: json }, into) => {
      const evidence = evidenceOf(json, takenAt === null ? undefined : fromDigits(takenAt), named);
      if (evidence === undefined) return ORPHAN;
      if (evidence === 'bad') return BAD;
      into.push(keep(id, pid, fromDigits(startedAt), evidence));
      return undefined;
    },
    unchanged: ({ at, readings }, into) => {
      const base = fromDigits(at);
      let said: Said | undefined;
      for (const [pid, id, after, taken] of readings) {
        const known = newest.get(pid);
        if (known?.id !== id) said = ORPHAN;
        else {
          const startedAt = base + BigInt(after);
          const takenAt = taken === null ? undefined : startedAt + BigInt(taken);
          into.push({ kind: 'snapshot', pid, startedAt, evidence: { ...known.evidence, takenAt } });
        }
      }
      return said;
    },
    forget: newest.delete,
    clear: () => {
      for (const store of [named, newest, former]) store.clear();
    },
  };
};

const isEvidence = check(EvidenceJson);
