import { AT_SYSINFO_EHDR, type Evidence, type Unread } from '../model/evidence.js';
import { readCarefully } from './careful.js';
import { type ErrorCode, isError } from './door.js';
import { localProc, type ProcContext } from './host.js';
import { censusNamespaces } from './namespaces.js';
import { ordinaryAuxv, ordinaryBlock, untouchedPages } from './ordinary.js';
import { pagemapWords } from './pagemap.js';
import { parseStat } from './parse/stat.js';
import { finish, type Steps } from './steps.js';
import { bareEvidence, factsOf, NO_BYTES, NO_WORDS, unreadBecause } from './unread.js';

/**
 * census: what it takes to say where the vDSO is and whether its pages are the kernel's: stat, maps, auxv, pagemap of
 * the vDSO, the uts and time namespace. full: also smaps, status, cmdline, all namespaces, pagemap of everything that
 * could be taken for a vDSO, the frames' flags (root).
 */
export type Depth = 'census' | 'full';

export interface ReadOptions {
  /** Read the bytes of vDSO-like mappings even where that faults pages in; the evidence is then marked so. */
  readonly bytes?: boolean;
  readonly proc?: ProcContext;
}

/**
 * Evidence of one live process. Never throws for what a process does: gone, denied and torn stand in `unread`, and
 * then `vmas` is undefined. Kernel threads and zombies have an empty list of VMAs.
 *
 * Bytes of pages that are present come along wherever something is out of the ordinary: reading them faults nothing in.
 */
export const readProcess = (pid: number, depth: Depth, options: ReadOptions = {}): Evidence => {
  const evidence = readInSteps(pid, depth, options);
  return 'takenAt' in evidence ? evidence : finish(evidence);
};

/** The same; when it is more than a few milliseconds' work, as steps between which other things may be done. */
export const readInSteps = (pid: number, depth: Depth, options: ReadOptions = {}): Evidence | Steps<Evidence> => {
  const proc = options.proc ?? localProc();
  const bytes = options.bytes === true;
  const ordinary = depth === 'census' && !bytes ? readOrdinary(pid, proc) : undefined;
  if (ordinary === 'long') return readLong(pid, proc);
  return ordinary ?? readCarefully(pid, depth, bytes, proc);
};

function* readLong(pid: number, proc: ProcContext): Steps<Evidence> {
  const maps = yield* proc.files.pieces(`${proc.files.root}/${pid}/maps`);
  const ordinary = isError(maps) ? undefined : readOrdinary(pid, proc, maps);
  return ordinary !== undefined && ordinary !== 'long' ? ordinary : yield* readCarefully(pid, 'census', false, proc);
}

/**
 * One pass over the files, enough when the picture is the usual one and agrees with itself: one [vdso], its data pages
 * in front of it, at the address the auxv names, no page of it changed. Such a picture cannot come about by tearing;
 * whatever else is seen is undefined here, and read again with care.
 */
const readOrdinary = (pid: number, proc: ProcContext, known?: Buffer): Evidence | 'long' | undefined => {
  const { files, host, clock } = proc;
  const takenAt = clock.now();
  const folder = `${files.root}/${pid}`;
  const line = files.text(`${folder}/stat`);
  if (isError(line)) return undefined;
  const stat = parseStat(line);
  if (stat === undefined || stat.state === 'Z') return undefined;
  const facts = factsOf(pid, stat, clock.tickShift);
  if (stat.kernelThread) return bareEvidence(host, facts, takenAt, [], []);

  const maps = known ?? files.shortLines(`${folder}/maps`, LONG);
  if (maps === 'long') return maps;
  if (isError(maps))
    return maps.code === 'EACCES' || maps.code === 'EPERM'
      ? bareEvidence(host, facts, takenAt, undefined, deniedAll(maps))
      : undefined;
  const block = ordinaryBlock(maps);
  const vdso = block?.at(-1);
  if (block === undefined || vdso === undefined) return undefined;

  const auxvBytes = files.record(`${folder}/auxv`);
  const auxv = isError(auxvBytes) ? undefined : ordinaryAuxv(auxvBytes, vdso.start);
  if (auxv?.entries.get(AT_SYSINFO_EHDR) !== vdso.start) return undefined;

  const words = pagemapWords(files, `${folder}/pagemap`, vdso, host.pageSize);
  if (isError(words) || !untouchedPages(words)) return undefined;
  return {
    source: 'proc',
    takenAt,
    host,
    process: facts,
    vmas: block,
    onlyBlock: true,
    smaps: undefined,
    pagemap: new Map<bigint, BigUint64Array>().set(vdso.start, words),
    kpageflags: NO_WORDS,
    bytes: NO_BYTES,
    auxv,
    namespaces: censusNamespaces(files, folder),
    contextVdso: undefined,
    faultedPages: false,
    unread: NOTHING,
  };
};

/** Ten thousand mappings, 12 ms: more than the event loop should wait for. */
const LONG = 1024 * 1024;
const NOTHING: readonly Unread[] = [];

/** Whoever may not read maps may read none of them: all need PTRACE_MODE_READ (ptrace_may_access). */
const deniedAll = (error: ErrorCode): readonly Unread[] =>
  ['maps', 'auxv', 'pagemap', 'ns'].map((what) => unreadBecause(what, error));
