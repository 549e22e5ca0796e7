import type { Evidence, Host, ProcessFacts, Unread } from '../model/evidence.js';
import type { ErrorCode } from './door.js';
import type { Stat } from './parse/stat.js';

/** Why a read failed, as the evidence says it. `what` is the file: "maps", "pagemap". */
export const unreadBecause = (what: string, { code }: ErrorCode): Unread => ({
  what,
  why: WHY.get(code) ?? 'absent',
  detail: code,
});

const WHY: ReadonlyMap<string, Unread['why']> = new Map([
  ['ENOENT', 'gone'],
  ['ESRCH', 'gone'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
]);

/** A process that is there, with a file that is not: this kernel has none (ENOENT of pagemap, of ns/time). */
export const absentBecause = (what: string, error: ErrorCode): Unread => {
  const unread = unreadBecause(what, error);
  return error.code === 'ENOENT' ? { ...unread, why: 'absent' } : unread;
};

/** The process had ended before anything was known of it. */
export const isGone = (evidence: Evidence): boolean =>
  evidence.vmas === undefined && evidence.unread.some(({ what, why }) => what === 'stat' && why === 'gone');

/** It had ended before its memory could be read; who it was may be known all the same. */
export const hasLostMemory = (evidence: Evidence): boolean =>
  evidence.vmas === undefined && evidence.unread.some(({ why }) => why === 'gone');

/** What stat tells, with everything else unknown. */
export const factsOf = (pid: number, stat: Stat | undefined, tickShift: bigint): ProcessFacts => ({
  pid,
  comm: stat?.comm,
  cmdline: undefined,
  // A reader in a time namespace sees start times shifted by its own offset (timens_add_boottime_ns, fs/proc/array.c).
  startTicks: stat === undefined ? undefined : tickShift === 0n ? stat.startTicks : stat.startTicks - tickShift,
  state: stat?.state,
  parent: stat?.parent,
  tracer: undefined,
  uid: undefined,
  kernelThread: stat?.kernelThread,
});

/** Evidence of a process whose memory was not, or could not be, read. */
export const bareEvidence = (
  host: Host,
  process: ProcessFacts,
  takenAt: bigint,
  vmas: Evidence['vmas'],
  unread: readonly Unread[],
): Evidence => ({
  source: 'proc',
  takenAt,
  host,
  process,
  vmas,
  smaps: undefined,
  pagemap: NO_WORDS,
  kpageflags: NO_WORDS,
  bytes: NO_BYTES,
  auxv: undefined,
  namespaces: NO_NAMESPACES,
  contextVdso: undefined,
  faultedPages: false,
  unread,
});

export const STRANGE_AUXV: Unread = { what: 'auxv', why: 'bad', detail: 'not an auxiliary vector' };
export const NO_WORDS: ReadonlyMap<bigint, BigUint64Array> = new Map();
export const NO_BYTES: ReadonlyMap<bigint, Uint8Array> = new Map();
const NO_NAMESPACES: ReadonlyMap<string, bigint> = new Map();

/** What mends a refusal. Root is refused too: by Yama or another security module, in a container, in a sandbox. */
export const NOT_READABLE =
  'Run as root, or as its owner; where root may not either, a sandbox or a security module forbids it.';
