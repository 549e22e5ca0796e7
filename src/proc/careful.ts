import type { Auxv, Evidence, SmapsEntry, Unread } from '../model/evidence.js';
import type { Vma } from '../model/vma.js';
import { mappingsToLookAt } from './candidates.js';
import { isError } from './door.js';
import type { ProcContext } from './host.js';
import { instructionPointers } from './instruction-pointers.js';
import { type Layout, looker, settledLook, whyUnfinished } from './look.js';
import { allNamespaces, censusNamespaces } from './namespaces.js';
import { type Pages, readPages } from './pages.js';
import { parseCmdline } from './parse/small.js';
import { parseSmaps } from './parse/smaps.js';
import { parseStat, type Stat } from './parse/stat.js';
import { insidePid, parseStatus, type Status } from './parse/status.js';
import { linesOfInterest } from './settle.js';
import type { Steps } from './steps.js';
import { absentBecause, bareEvidence, factsOf, unreadBecause } from './unread.js';

/**
 * Evidence that agrees with itself: stat, auxv, maps until they settle, everything else, then maps, auxv and stat again,
 * in steps. When the second picture is not the first, all is thrown away and read anew, a few times.
 */
export function* readCarefully(
  pid: number,
  depth: 'census' | 'full',
  fault: boolean,
  proc: ProcContext,
): Steps<Evidence> {
  const { files, host, clock } = proc;
  const folder = `${files.root}/${pid}`;
  let facts = factsOf(pid, undefined, 0n);
  let takenAt = clock.now();
  let reason = CHANGING;
  for (let round = 0; round < ROUNDS; round++) {
    takenAt = clock.now();
    const stat = readStat(folder, proc);
    if ('why' in stat) return bareEvidence(host, facts, takenAt, undefined, [stat]);
    facts = factsOf(pid, stat, clock.tickShift);
    const memory = memoryFolder(folder, pid, stat, proc);
    if (memory === undefined) return bareEvidence(host, facts, takenAt, [], []);
    if (memory !== folder) {
      const thread = readStat(memory, proc);
      facts = { ...facts, mainThreadEnded: true, state: 'why' in thread ? facts.state : thread.state };
    }

    const look = looker(memory, proc);
    const first = yield* settledLook(look);
    if ('why' in first) return bareEvidence(host, facts, takenAt, undefined, [first]);
    const unfinished = whyUnfinished(
      { isEmpty: first.vmas.length === 0, hasAuxv: first.auxv !== undefined },
      memory,
      proc,
    );
    reason = unfinished ?? CHANGING;
    if (unfinished !== undefined) continue;
    const rest = yield* readRest(memory, folder, first, depth, fault, proc);
    const second = yield* look();
    const after = readStat(folder, proc);
    if ('why' in second) return bareEvidence(host, facts, takenAt, undefined, [second]);
    if ('why' in after || after.startTicks !== stat.startTicks || second.lines !== first.lines) continue;
    if (rest.smapsLines !== undefined && rest.smapsLines !== first.lines) continue;
    const { smapsLines: _, status, cmdline, pointers, unread, ...found } = rest;
    return {
      ...bareEvidence(host, facts, takenAt, first.vmas, [...first.unread, ...unread]),
      ...found,
      auxv: first.auxv,
      process: {
        ...facts,
        cmdline,
        tracer: status?.tracer,
        uid: status?.uid,
        ...(status === undefined ? {} : insidePid(status)),
        ...(pointers === undefined ? {} : { instructionPointers: pointers }),
      },
    };
  }
  return bareEvidence(host, facts, takenAt, undefined, [reason]);
}

const ROUNDS = 4;
const CHANGING: Unread = { what: 'maps', why: 'torn', detail: `it changed during each of ${ROUNDS} attempts` };

const readStat = (folder: string, { files }: ProcContext): Stat | Unread => {
  const bytes = files.record(`${folder}/stat`);
  if (isError(bytes)) return unreadBecause('stat', bytes);
  return parseStat(bytes.toString('latin1')) ?? { what: 'stat', why: 'bad', detail: 'not a line of stat' };
};

/**
 * Where the memory of the process is to be read; undefined when it has none. A main thread that has ended while
 * others live is a zombie with an empty maps (its mm is gone); the memory is at any other thread.
 */
export const memoryFolder = (folder: string, pid: number, stat: Stat, { files }: ProcContext): string | undefined => {
  if (stat.kernelThread) return undefined;
  if (stat.state !== 'Z' && stat.state !== 'X') return folder;
  const threads = files.list(`${folder}/task`);
  const other = isError(threads) ? undefined : threads.find((thread) => thread !== String(pid));
  return other === undefined ? undefined : `${folder}/task/${other}`;
};

function* readRest(
  memory: string,
  folder: string,
  { vmas, auxv, lines }: Layout,
  depth: 'census' | 'full',
  fault: boolean,
  proc: ProcContext,
): Steps<Rest> {
  const { files, host } = proc;
  const unread: Unread[] = [];
  const chosen = mappingsToLookAt(vmas, auxv, host.pageSize);
  // Before any byte is read: that could fault pages in.
  const pages = readPages(
    memory,
    chosen,
    { fault, flags: depth === 'full' && proc.privileged, marks: depth === 'full' },
    proc,
  );
  unread.push(...pages.unread);
  if (depth === 'census') {
    return { ...pages, unread, namespaces: censusNamespaces(files, memory), ...NOTHING_MORE };
  }
  const smaps = yield* readSmaps(memory, vmas, auxv, proc);
  unread.push(...smaps.unread);
  const statusBytes = files.record(`${folder}/status`);
  const status = isError(statusBytes) ? undefined : parseStatus(statusBytes.toString('latin1'));
  if (isError(statusBytes)) unread.push(unreadBecause('status', statusBytes));
  const cmdlineBytes = files.record(`${folder}/cmdline`);
  const cmdline = isError(cmdlineBytes) ? undefined : parseCmdline(cmdlineBytes.toString('latin1', 0, LONGEST_CMDLINE));
  if (isError(cmdlineBytes)) unread.push(unreadBecause('cmdline', cmdlineBytes));
  const namespaces = allNamespaces(files, memory);
  if (isError(namespaces)) unread.push(absentBecause('ns', namespaces));
  return {
    ...pages,
    unread,
    namespaces: isError(namespaces) ? new Map<string, bigint>() : namespaces,
    smaps: smaps.entries,
    smapsLines: smaps.lines ?? lines,
    status,
    cmdline,
    pointers: instructionPointers(files, folder),
  };
}

interface Rest extends Pages {
  readonly namespaces: ReadonlyMap<string, bigint>;
  readonly smaps: ReadonlyMap<bigint, SmapsEntry> | undefined;
  readonly smapsLines: string | undefined;
  readonly status: Status | undefined;
  readonly cmdline: readonly string[] | undefined;
  readonly pointers: readonly bigint[] | undefined;
}

const NOTHING_MORE = {
  smaps: undefined,
  smapsLines: undefined,
  status: undefined,
  cmdline: undefined,
  pointers: undefined,
};
const LONGEST_CMDLINE = 64 * 1024;

/** smaps walks the page tables of the whole process: not asked for where that would hold up the process itself. */
function* readSmaps(
  memory: string,
  vmas: readonly Vma[],
  auxv: Auxv | undefined,
  { files }: ProcContext,
): Steps<SmapsRead> {
  const none = (unread: Unread): SmapsRead => ({ entries: undefined, lines: undefined, unread: [unread] });
  if (vmas.length > MOST_FOR_SMAPS)
    return none({ what: 'smaps', why: 'truncated', detail: `not read: ${vmas.length} mappings` });
  const text = yield* files.pieces(`${memory}/smaps`);
  if (isError(text)) return none(absentBecause('smaps', text));
  const parsed = parseSmaps(text.toString('latin1'));
  return { entries: parsed.entries, lines: linesOfInterest(parsed.vmas, auxv), unread: [] };
}

interface SmapsRead {
  readonly entries: ReadonlyMap<bigint, SmapsEntry> | undefined;
  readonly lines: string | undefined;
  readonly unread: readonly Unread[];
}

/** Mappings. */
export const MOST_FOR_SMAPS = 20_000;
