import type { Evidence, Host, ProcessFacts, SmapsEntry } from '../model/evidence.js';
import { permissionsOf, type Vma } from '../model/vma.js';
import { hex } from '../text/hex.js';
import type { EvidenceJson } from './format-evidence.js';

/** Numbers for what is named rather than repeated; owned by the encoder (encoder.ts). */
export interface Names {
  readonly host: (host: Host) => number;
  readonly blob: (bytes: Uint8Array) => number;
}

/** Evidence without its time, as JSON will hold it. Unknown is null. */
export const evidenceJson = (evidence: Evidence, names: Names): EvidenceJson => ({
  source: evidence.source,
  host: names.host(evidence.host),
  process: processJson(evidence.process),
  maps: evidence.vmas?.map(vmaLine) ?? null,
  ...(evidence.onlyBlock === true ? { onlyBlock: true } : {}),
  ...(evidence.namesBy === undefined ? {} : { namesBy: evidence.namesBy }),
  smaps: evidence.smaps === undefined ? null : byStart(evidence.smaps, smapsJson),
  pagemap: byStart(evidence.pagemap, wordsJson),
  kpageflags: byStart(evidence.kpageflags, wordsJson),
  bytes: byStart(evidence.bytes, names.blob),
  auxv: auxvJson(evidence),
  namespaces: Object.fromEntries([...evidence.namespaces].map(([name, inode]) => [name, inode.toString()])),
  contextVdso: evidence.contextVdso === undefined ? null : hex(evidence.contextVdso),
  faultedPages: evidence.faultedPages,
  unread: evidence.unread.map(({ what, why, detail }) => ({ what, why, detail })),
});

const processJson = (facts: ProcessFacts): EvidenceJson['process'] => ({
  pid: facts.pid,
  comm: facts.comm ?? null,
  cmdline: facts.cmdline === undefined ? null : [...facts.cmdline],
  startTicks: facts.startTicks?.toString() ?? null,
  state: facts.state ?? null,
  parent: facts.parent ?? null,
  tracer: facts.tracer ?? null,
  uid: facts.uid ?? null,
  kernelThread: facts.kernelThread ?? null,
  ...(facts.insidePid === undefined ? {} : { insidePid: facts.insidePid }),
  ...(facts.mainThreadEnded === undefined ? {} : { mainThreadEnded: facts.mainThreadEnded }),
  ...(facts.instructionPointers === undefined ? {} : { instructionPointers: facts.instructionPointers.map(hex) }),
});

const byStart = <T, J>(map: ReadonlyMap<bigint, T>, json: (value: T) => J): Record<string, J> => {
  const entries: [string, J][] = [];
  for (const [start, value] of map) entries.push([hex(start), json(value)]);
  return Object.fromEntries(entries);
};

const wordsJson = (words: BigUint64Array): string[] => Array.from(words, hex);

const smapsJson = (entry: SmapsEntry) => ({
  rss: entry.rss ?? null,
  anonymous: entry.anonymous ?? null,
  swap: entry.swap ?? null,
  sharedClean: entry.sharedClean ?? null,
  privateClean: entry.privateClean ?? null,
  privateDirty: entry.privateDirty ?? null,
  flags: entry.flags === undefined ? null : [...entry.flags].join(' '),
});

const auxvJson = ({ auxv }: Evidence): EvidenceJson['auxv'] =>
  auxv === undefined
    ? null
    : {
        wordSize: auxv.wordSize,
        littleEndian: auxv.littleEndian,
        entries: [...auxv.entries].map(([type, value]): [number, string] => [type, hex(value)]),
      };

/**
 * A mapping as the kernel's own line in /proc/PID/maps (show_map_vma, fs/proc/task_mmu.c): what reads maps, reads this.
 * The name starts at column 73 at the earliest (seq_pad on a 64-bit kernel); a nameless line ends with a blank.
 * `parseMapsLine` (src/proc/parse/maps.ts) is the inverse.
 */
export const vmaLine = (vma: Vma): string => {
  const { device, inode, name } = vma;
  const columns = `${hex8(vma.start)}-${hex8(vma.end)} ${permissionsOf(vma)} ${hex8(vma.offset)} ${device} ${inode} `;
  return name === '' ? columns : columns.padEnd(NAME_COLUMN) + name;
};

const NAME_COLUMN = 73;

const hex8 = (value: bigint): string => value.toString(16).padStart(8, '0');
