import type { Auxv, Evidence, Host, ProcessFacts, SmapsEntry } from '../model/evidence.js';
import type { Vma } from '../model/vma.js';
import { parseMapsLine } from '../proc/parse/maps.js';
import type { EvidenceJson } from './format-evidence.js';
import { fromDigits, fromHex } from './number-text.js';

/** What earlier lines of the recording gave a number; undefined: that line is lost. */
export interface Named {
  readonly host: (id: number) => Host | undefined;
  readonly blob: (id: number) => Uint8Array | undefined;
}

/** A checked evidence record back to evidence; undefined: it names what is lost; bad: a line is no mapping. */
export const evidenceOf = (
  json: EvidenceJson,
  takenAt: bigint | undefined,
  named: Named,
): Evidence | 'bad' | undefined => {
  const host = named.host(json.host);
  const vmas = vmasOf(json.maps);
  const bytes = bytesOf(json.bytes, named);
  if (vmas === 'bad') return 'bad';
  if (host === undefined || bytes === undefined) return undefined;
  return {
    source: json.source,
    takenAt,
    host,
    process: processOf(json.process),
    vmas,
    ...(json.onlyBlock === true ? { onlyBlock: true } : {}),
    ...(json.namesBy === undefined ? {} : { namesBy: json.namesBy }),
    smaps: json.smaps === null ? undefined : byStart(json.smaps, smapsOf),
    pagemap: byStart(json.pagemap, wordsOf),
    kpageflags: byStart(json.kpageflags, wordsOf),
    bytes,
    auxv: auxvOf(json.auxv),
    namespaces: new Map(Object.entries(json.namespaces).map(([name, inode]) => [name, fromDigits(inode)])),
    contextVdso: json.contextVdso === null ? undefined : fromHex(json.contextVdso),
    faultedPages: json.faultedPages,
    unread: json.unread,
  };
};

const vmasOf = (lines: readonly string[] | null): readonly Vma[] | undefined | 'bad' => {
  if (lines === null) return undefined;
  const vmas: Vma[] = [];
  for (const line of lines) {
    const vma = parseMapsLine(line);
    if (vma === undefined) return 'bad';
    vmas.push(vma);
  }
  return vmas;
};

const processOf = (json: EvidenceJson['process']): ProcessFacts => ({
  pid: json.pid,
  comm: json.comm ?? undefined,
  cmdline: json.cmdline ?? undefined,
  startTicks: json.startTicks === null ? undefined : fromDigits(json.startTicks),
  state: json.state ?? undefined,
  parent: json.parent ?? undefined,
  tracer: json.tracer ?? undefined,
  uid: json.uid ?? undefined,
  kernelThread: json.kernelThread ?? undefined,
  ...(json.insidePid === undefined ? {} : { insidePid: json.insidePid }),
  ...(json.mainThreadEnded === undefined ? {} : { mainThreadEnded: json.mainThreadEnded }),
  ...(json.instructionPointers === undefined ? {} : { instructionPointers: json.instructionPointers.map(fromHex) }),
});

const byStart = <T, J>(record: Readonly<Record<string, J>>, value: (json: J) => T): Map<bigint, T> => {
  const map = new Map<bigint, T>();
  for (const [start, json] of Object.entries(record)) map.set(fromHex(start), value(json));
  return map;
};

const wordsOf = (texts: readonly string[]): BigUint64Array => BigUint64Array.from(texts, fromHex);

const smapsOf = (json: NonNullable<EvidenceJson['smaps']>[string]): SmapsEntry => ({
  rss: json.rss ?? undefined,
  anonymous: json.anonymous ?? undefined,
  swap: json.swap ?? undefined,
  sharedClean: json.sharedClean ?? undefined,
  privateClean: json.privateClean ?? undefined,
  privateDirty: json.privateDirty ?? undefined,
  flags: json.flags === null ? undefined : new Set(json.flags.split(' ').filter((flag) => flag !== '')),
});

const bytesOf = (json: EvidenceJson['bytes'], named: Named): Map<bigint, Uint8Array> | undefined => {
  const map = new Map<bigint, Uint8Array>();
  for (const [start, id] of Object.entries(json)) {
    const bytes = named.blob(id);
    if (bytes === undefined) return undefined;
    map.set(fromHex(start), bytes);
  }
  return map;
};

const auxvOf = (json: EvidenceJson['auxv']): Auxv | undefined =>
  json === null
    ? undefined
    : {
        wordSize: json.wordSize,
        littleEndian: json.littleEndian,
        entries: new Map(json.entries.map(([type, value]) => [type, fromHex(value)])),
      };
