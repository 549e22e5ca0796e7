import { readElfImage } from '../elf/image.js';
import type { Evidence, Host, ProcessFacts, Unread } from '../model/evidence.js';
import { isVdsoNamed, type Vma } from '../model/vma.js';
import type { ImageArea, ImageProcess, ImageSet } from './image-set.js';
import type { CriuLog, LogProcess } from './log/log.js';
import { hasStatus, isPlainAnonymous } from './status.js';

/**
 * What an image says of each process as evidence, so that it is judged like any other. With the dump.log of the same
 * dump the mappings are those the kernel showed, with their true names and with what CRIU left out of the image (a
 * runtime vDSO); without it a mapping is called [vdso] or [vvar] because CRIU took it for that.
 */
export const imageEvidence = (set: ImageSet, dumpLog?: CriuLog): readonly Evidence[] => [
  ...set.processes.map((process) => evidenceOf(process, dumpLog, logProcessOf(process, dumpLog))),
  ...unwritten(set, dumpLog),
];

/** The task of a dump.log that an image process is; undefined when the log is of another dump. */
export const logProcessOf = (process: ImageProcess, log: CriuLog | undefined): LogProcess | undefined => {
  const found = log?.processes.find(({ pid, vmasComplete }) => pid === process.pid && vmasComplete);
  const starts = new Set(found?.vmas.map(({ start }) => start));
  return process.areas?.every(({ start }) => starts.has(start)) === true ? found : undefined;
};

const evidenceOf = (process: ImageProcess, log: CriuLog | undefined, logged: LogProcess | undefined): Evidence => {
  const bytes = bytesOf(process);
  if (log !== undefined && logged !== undefined)
    for (const [start, mark] of markBytes(log, process.pid)) bytes.set(start, mark);
  return {
    source: 'criu-image',
    takenAt: undefined,
    host: hostOf(process, logged === undefined ? undefined : log, bytes),
    process: factsOf(process),
    vmas: process.dead ? [] : (logged?.vmas ?? process.areas?.map(vmaOf)),
    smaps: undefined,
    pagemap: new Map(),
    kpageflags: new Map(),
    bytes,
    auxv: process.auxv,
    // The numbers CRIU gives namespaces are its own: no inode can be told from them.
    namespaces: new Map(),
    namesBy: logged === undefined ? 'criu' : 'kernel',
    contextVdso: undefined,
    faultedPages: false,
    unread: unreadOf(process),
  };
};

/** Nothing but zeros: what a restore with --auto-dedup leaves of the pages it has read (criu/pagemap.c, punch_hole). */
export const isBlank = (page: Uint8Array): boolean => page.every((byte) => byte === 0);

/** Pages from the start of each area, as far as the dump holds them without a gap; a blank vDSO tells nothing. */
const bytesOf = ({ pages, areas }: ImageProcess): Map<bigint, Uint8Array> => {
  const bytes = new Map<bigint, Uint8Array>();
  for (const [start, list] of pages) {
    const gap = list.indexOf(undefined);
    const whole = list.slice(0, gap === -1 ? list.length : gap).filter((page) => page !== undefined);
    const area = areas?.find((one) => one.start === start);
    if (area !== undefined && hasStatus(area.status, 'vdso') && whole.every(isBlank)) continue;
    if (whole.length > 0) bytes.set(start, new Uint8Array(Buffer.concat(whole)));
  }
  return bytes;
};

/** No image says which kernel it is from, but a dumped vDSO carries the version of its kernel in a note. */
const hostOf = (process: ImageProcess, log: CriuLog | undefined, bytes: ReadonlyMap<bigint, Uint8Array>): Host => {
  const took = process.areas?.find(({ status }) => hasStatus(status, 'vdso'));
  const image = took === undefined ? undefined : bytes.get(took.start);
  const hintKept = log?.findings.some(({ code, text }) => code === 'check-none' && text.includes('reliable'));
  return {
    release: log?.release ?? (image === undefined ? undefined : readElfImage(image)?.linuxVersion),
    machine: process.machine ?? log?.machine,
    pageSize: process.pageSize,
    hintTest: hintKept === true ? 'kept' : 'unknown',
    reference: new Map(),
  };
};

const factsOf = (process: ImageProcess): ProcessFacts => ({
  pid: process.pid,
  comm: process.comm,
  cmdline: undefined,
  startTicks: undefined,
  state: process.dead ? 'Z' : undefined,
  parent: process.parent,
  tracer: undefined,
  uid: undefined,
  kernelThread: false,
  instructionPointers: process.threads.flatMap(({ ip }) => (ip === undefined ? [] : [ip])),
});

const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_SHARED = 1;

/** A vma_entry as maps would show it; files have a number in the image instead of a device and an inode. */
const vmaOf = (area: ImageArea): Vma => ({
  start: area.start,
  end: area.end,
  read: (area.protection & PROT_READ) !== 0,
  write: (area.protection & PROT_WRITE) !== 0,
  execute: (area.protection & PROT_EXEC) !== 0,
  shared: (area.flags & MAP_SHARED) !== 0,
  offset: area.offset,
  device: isFileless(area) ? '00:00' : 'image',
  inode: isFileless(area) ? 0n : area.sharedMemoryId,
  name: nameOf(area.status),
});

const isFileless = ({ status }: ImageArea): boolean =>
  isPlainAnonymous(status) || hasStatus(status, 'vdso') || hasStatus(status, 'vvar') || hasStatus(status, 'vsyscall');

const nameOf = (status: number): string => {
  if (hasStatus(status, 'vdso')) return '[vdso]';
  if (hasStatus(status, 'vvar')) return '[vvar]';
  if (hasStatus(status, 'vsyscall')) return '[vsyscall]';
  if (hasStatus(status, 'heap')) return '[heap]';
  return hasStatus(status, 'stack') ? '[stack]' : '';
};

const unreadOf = (process: ImageProcess): readonly Unread[] =>
  process.areas === undefined && !process.dead
    ? [{ what: 'maps', why: 'absent', detail: `mm-${process.pid}.img has no mappings that can be read` }]
    : [];

/** Tasks whose dump CRIU gave up: the log holds their mappings, or (below -v4) their errors alone; no image does. */
const unwritten = (set: ImageSet, log: CriuLog | undefined): readonly Evidence[] => {
  if (log === undefined) return [];
  const listed = log.processes.filter(({ pid }) => !set.processes.some((process) => process.pid === pid));
  const known = new Set([...set.processes, ...listed].map(({ pid }) => pid));
  // In the log of a dump that went through it would be the number of a container's task outside.
  const accused =
    set.kind !== 'unfinished' ? [] : log.findings.filter(({ severity, routine }) => severity === 'error' && !routine);
  const named = new Set(accused.flatMap(({ pid }) => (pid === undefined || known.has(pid) ? [] : [pid])));
  return [
    ...listed.map((logged) => unwrittenTask(logged, log)),
    ...[...named].map((pid) => taskWithoutImage(pid, log)),
  ];
};

const unwrittenTask = (logged: LogProcess, log: CriuLog): Evidence => {
  // smaps goes upwards: with the vDSO among what was read, all that lies below it, its vvar too, was read.
  const { vmas, ...evidence } = evidenceOf({ ...NO_IMAGE, pid: logged.pid, comm: logged.comm }, log, logged);
  const useful = logged.vmasComplete || vmas?.some(isVdsoNamed) === true;
  const cut: Unread = { what: 'maps', why: 'truncated', detail: 'the dump stopped while the mappings were read' };
  return { ...evidence, vmas: useful ? vmas : undefined, unread: logged.vmasComplete ? [] : [cut] };
};

/** A task of which only a log speaks, and that lists no mappings. */
export const taskWithoutImage = (pid: number, log: CriuLog): Evidence => {
  const detail = log.kind === 'restore' ? 'a restore.log lists no mappings' : 'below -v4 a dump.log lists no mappings';
  const absent: Unread = { what: 'maps', why: 'absent', detail };
  return { ...evidenceOf({ ...NO_IMAGE, pid }, log, undefined), vmas: undefined, unread: [absent] };
};

const NO_IMAGE: Omit<ImageProcess, 'pid'> = {
  parent: undefined,
  comm: undefined,
  threads: [],
  machine: undefined,
  dead: false,
  areas: undefined,
  auxv: undefined,
  compat: undefined,
  pageSize: 4096,
  pages: new Map(),
  namespaces: new Map(),
};

/**
 * The mark that CRIU found at the start of a runtime vDSO, which it leaves out of the image: its log line gives every
 * field, so the forty bytes (struct vdso_mark of CRIU 3.5 and later) are known without having been dumped. By address.
 */
const markBytes = (log: CriuLog, pid: number): ReadonlyMap<bigint, Uint8Array> => {
  const marks = new Map<bigint, Uint8Array>();
  const own = log.findings.filter((finding) => finding.pid === pid);
  const vvar = own.find(({ code }) => code === 'runtime-vvar-dropped')?.address;
  for (const { code, values } of own) {
    if (code !== 'mark-found') continue;
    const [runtime, copy, copyVvar] = values.map((value) => BigInt(`0x${value}`));
    if (runtime === undefined || copy === undefined || copyVvar === undefined) continue;
    const bytes = new BigUint64Array([MARK_V3, copy, 3n, copyVvar, vvar ?? NOWHERE]);
    marks.set(runtime, new Uint8Array(bytes.buffer));
  }
  return marks;
};

const MARK_V3 = 0x4f53447655495243n;
const NOWHERE = 0xffff_ffff_ffff_ffffn;
