import { hostname, machine, release } from 'node:os';
import { AT_PAGESZ, type Host } from '../model/evidence.js';
import { FILE, frameOf } from '../model/pagemap.js';
import type { HostStatus } from '../model/state.js';
import { isVdsoNamed, sizeOf, type Vma } from '../model/vma.js';
import { type BootClock, localBootClock } from './clock.js';
import { isError, type ProcFiles } from './door.js';
import { procFiles } from './files.js';
import { pagemapWords } from './pagemap.js';
import { parseAuxv } from './parse/auxv.js';
import { parseMaps } from './parse/maps.js';
import { parseNamespaceLink } from './parse/small.js';

/** What this host is, and what it lets this process see. */
export interface LocalHost {
  readonly host: Host;
  /** Frame numbers are shown: CAP_SYS_ADMIN in the initial user namespace (pagemap_read, fs/proc/task_mmu.c). */
  readonly privileged: boolean;
  /** How /proc is mounted; other users' processes are not even listed with 2 ("invisible") and 4 ("ptraceable"). */
  readonly hidepid: string | undefined;
  /** False in a container: /proc shows other numbers than the probes. Undefined when the kernel does not tell. */
  readonly initialPidNamespace: boolean | undefined;
}

/** Facts of the running host, read afresh; `hintTest` is unknown until the mremap test has been run. */
export const readLocalHost = (files: ProcFiles = procFiles(), hintTest: Host['hintTest'] = 'unknown'): LocalHost => {
  const pageSize = ownPageSize(files);
  const frames = ownFrames(files, pageSize);
  const image = IMAGES.get(process.arch) ?? process.arch;
  const bootId = files.record(`${files.root}/sys/kernel/random/boot_id`);
  return {
    host: {
      release: release(),
      machine: machine(),
      pageSize,
      hintTest,
      reference: frames.length === 0 ? new Map() : new Map([[image, frames]]),
      ...(isError(bootId) ? {} : { bootId: bootId.toString('latin1').trim() }),
    },
    privileged: frames.length > 0 || stackFrameShown(files, pageSize),
    hidepid: hidepidOf(files),
    initialPidNamespace: initialPidNamespace(files),
  };
};

/** The same for the head of a screen or a recording. */
export const hostStatus = ({ host, privileged }: LocalHost): HostStatus => ({
  name: hostname(),
  release: host.release ?? '',
  machine: host.machine ?? '',
  privileged,
});

/** What every reader needs: the files, whose they are, and what time it is. */
export interface ProcContext {
  readonly files: ProcFiles;
  readonly host: Host;
  readonly clock: Pick<BootClock, 'now' | 'tickShift'>;
  /** Frame numbers are shown to us: /proc/kpageflags can be asked about them. */
  readonly privileged: boolean;
}

/** The live host for all readers, made once. */
export const localProc = (): ProcContext => {
  shared ??= procContext(procFiles(), readLocalHost());
  return shared;
};
let shared: ProcContext | undefined;

export const procContext = (files: ProcFiles, { host, privileged }: LocalHost): ProcContext => ({
  files,
  host,
  clock: localBootClock(),
  privileged,
});

/** The vDSO image a process of Node's own architecture has, as the kernel names the machine. */
const IMAGES: ReadonlyMap<string, string> = new Map([
  ['x64', 'x86_64'],
  ['ia32', 'i386'],
  ['arm64', 'aarch64'],
  ['arm', 'arm'],
  ['ppc64', 'ppc64le'],
  ['loong64', 'loongarch64'],
]);

const ownPageSize = (files: ProcFiles): number => {
  const bytes = files.record(`${files.root}/self/auxv`);
  const size = isError(bytes) ? undefined : parseAuxv(bytes)?.entries.get(AT_PAGESZ);
  return size === undefined ? 4096 : Number(size);
};

const ownVmas = (files: ProcFiles): readonly Vma[] => {
  const maps = files.lines(`${files.root}/self/maps`);
  return isError(maps) ? [] : parseMaps(maps.toString('latin1')).vmas;
};

/**
 * Frames of this process's own vDSO, which on a mainline kernel are those of every process with the same image. Its
 * pages are touched first, by reading them. Empty when frames are hidden, or when our own pages are not the kernel's
 * (copied, or restored by CRIU: no reference for anybody).
 */
const ownFrames = (files: ProcFiles, pageSize: number): readonly bigint[] => {
  const [vdso, ...more] = ownVmas(files).filter(isVdsoNamed);
  if (vdso === undefined || more.length > 0) return [];
  const touched = files.at(`${files.root}/self/mem`, new Uint8Array(Number(sizeOf(vdso))), vdso.start);
  if (isError(touched)) return [];
  const words = pagemapWords(files, `${files.root}/self/pagemap`, vdso, pageSize);
  if (isError(words)) return [];
  const frames = [...words].flatMap((word) => ((word & FILE) === 0n ? [] : (frameOf(word) ?? [])));
  return frames.length === words.length ? frames : [];
};

/** For a host without a vDSO (vdso=0): does any present page of ours show its frame? */
const stackFrameShown = (files: ProcFiles, pageSize: number): boolean => {
  const stack = ownVmas(files).find((vma) => vma.name === '[stack]');
  const words = stack === undefined ? undefined : pagemapWords(files, `${files.root}/self/pagemap`, stack, pageSize);
  return words !== undefined && !isError(words) && words.some((word) => frameOf(word) !== undefined);
};

/** The mount option of the /proc that is read; undefined for 0 and "off". */
export const hidepidOf = (files: ProcFiles): string | undefined => {
  const mounts = files.lines(`${files.root}/self/mounts`);
  if (isError(mounts)) return undefined;
  // The last mount at the place is the one on top.
  const line = mounts
    .toString('latin1')
    .split('\n')
    .filter((text) => text.split(' ')[1] === files.root)
    .at(-1);
  const value = /(?:^|[ ,])hidepid=([a-z0-9]+)/.exec(line ?? '')?.[1];
  return value === '0' || value === 'off' ? undefined : value;
};

/** PROC_PID_INIT_INO, include/linux/proc_ns.h (3.8 and later). */
const INITIAL_PID_NAMESPACE = 0xeffffffcn;
const initialPidNamespace = (files: ProcFiles): boolean | undefined => {
  const link = files.link(`${files.root}/self/ns/pid`);
  const inode = isError(link) ? undefined : parseNamespaceLink(link)?.inode;
  return inode === undefined ? undefined : inode === INITIAL_PID_NAMESPACE;
};
