import { type Evidence, UNKNOWN_HOST, type Unread } from '../model/evidence.js';
import { byStart, type Vma } from '../model/vma.js';
import { parseAuxv } from '../proc/parse/auxv.js';
import type { CoreNotes } from './notes.js';
import type { Segment } from './segments.js';

/** What was read of a core file. */
export interface CoreParts {
  /** e_machine. */
  readonly machine: number;
  readonly notes: CoreNotes;
  /** Of the process's memory. */
  readonly loads: readonly Segment[];
  /** Of code, by where it starts. */
  readonly bytes: ReadonlyMap<bigint, Uint8Array>;
  readonly unread: readonly Unread[];
}

/** As evidence. The kernel that wrote it says neither its release nor its page size, and no names of its own. */
export const coreEvidence = ({ machine, notes, loads, bytes, unread }: CoreParts): Evidence => ({
  source: 'core',
  takenAt: undefined,
  host: { ...UNKNOWN_HOST, machine: MACHINES.get(machine), pageSize: 4096 },
  process: {
    pid: notes.pid ?? 0,
    comm: notes.comm,
    cmdline: undefined,
    startTicks: undefined,
    state: undefined,
    parent: undefined,
    tracer: undefined,
    uid: notes.uid,
    kernelThread: false,
    instructionPointers: notes.instructionPointers,
  },
  vmas: loads.length === 0 ? undefined : loads.map((segment) => vmaOf(segment, notes.files)).sort(byStart),
  smaps: undefined,
  pagemap: new Map(),
  kpageflags: new Map(),
  bytes,
  auxv: notes.auxv === undefined ? undefined : parseAuxv(notes.auxv),
  namespaces: new Map(),
  contextVdso: undefined,
  faultedPages: false,
  unread,
});

const MACHINES = new Map([
  [62, 'x86_64'],
  [3, 'i686'],
  [183, 'aarch64'],
  [40, 'armv7l'],
  [243, 'riscv64'],
  [22, 's390x'],
  [21, 'ppc64le'],
  [258, 'loongarch64'],
  [8, 'mips'],
]);

const vmaOf = (segment: Segment, files: CoreNotes['files']): Vma => {
  const file = files.find((entry) => entry.start <= segment.start && segment.start < entry.end);
  return {
    start: segment.start,
    end: segment.end,
    read: segment.read,
    write: segment.write,
    execute: segment.execute,
    shared: false,
    offset: 0n,
    device: '00:00',
    inode: 0n,
    name: file?.path ?? '',
  };
};
