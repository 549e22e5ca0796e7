import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import { pageSizeOf, savedAuxv } from './auxv.js';
import { type ImageDirectory, labelOf } from './directory.js';
import { damaged } from './framing.js';
import type { ImageArea, ImageProcess, ImageThread } from './image-set.js';
import { instructionPointerOf, isCompat, machineOf } from './machine.js';
import { pageReader } from './pages.js';
import { readAll, readOne } from './read.js';
import {
  type Core,
  CoreSchema,
  type KernelIds,
  KernelIdsSchema,
  type MappedArea,
  MappedAreaSchema,
  MemorySchema,
} from './schema/image_pb.js';
import { hasStatus, isPlainAnonymous } from './status.js';

/** A process as pstree.img lists it. */
export interface ListedTask {
  readonly pid: number;
  readonly parent: number | undefined;
  readonly threads: readonly number[];
}

/** Everything the directory holds about one process. What is damaged goes to `problems`, the rest stands. */
export const readProcess = (directory: ImageDirectory, task: ListedTask, problems: Failure[]): ImageProcess => {
  const cores = new Map<number, Core>();
  for (const tid of new Set([task.pid, ...task.threads])) {
    const core = readOne(directory, `core-${tid}.img`, 'core', CoreSchema, problems);
    if (core !== undefined) cores.set(tid, core);
  }
  const leader = cores.get(task.pid);
  const machine = leader === undefined ? undefined : machineOf(leader);
  const memory = readOne(directory, `mm-${task.pid}.img`, 'mm', MemorySchema, problems);
  const auxv = savedAuxv(memory?.savedAuxv ?? [], machine);
  const pageSize = pageSizeOf(auxv);
  const old = readAll(directory, `vmas-${task.pid}.img`, 'vmas', MappedAreaSchema, problems);
  const listed =
    memory === undefined && old.length === 0
      ? undefined
      : old.length === 0
        ? (memory?.vmas ?? [])
        : [...(memory?.vmas ?? []), ...old];
  const areas = listed && soundAreas(labelOf(directory, `mm-${task.pid}.img`), listed, BigInt(pageSize), problems);
  const ids = leader?.ids ?? readOne(directory, `ids-${task.pid}.img`, 'ids', KernelIdsSchema, problems);
  const wanted = worthReading(areas ?? [], auxv);
  const reader = pageReader(directory, BigInt(pageSize), wanted);
  const pages = new Map<bigint, readonly (Uint8Array | undefined)[]>();
  for (const area of wanted) pages.set(area.start, reader.read(task.pid, area.start, area.end));
  problems.push(...reader.problems());
  return {
    pid: task.pid,
    parent: task.parent,
    comm: latin1(leader?.task?.comm),
    threads: [...cores].map(([tid, core]) => threadOf(tid, core)),
    machine,
    dead: leader?.task !== undefined && DEAD_STATES.has(leader.task.taskState),
    areas,
    auxv,
    compat: (leader && isCompat(leader)) ?? (auxv && auxv.wordSize === 4),
    pageSize,
    pages,
    namespaces: namespacesOf(ids),
  };
};

/** task_core_entry.task_state: TASK_DEAD and TASK_ZOMBIE (criu/include/pstree.h, common/include/common). */
const DEAD_STATES = new Set([2, 6]);

const threadOf = (tid: number, core: Core): ImageThread => ({
  tid,
  ip: instructionPointerOf(core),
  comm: latin1(core.thread?.comm) ?? latin1(core.task?.comm),
});

const latin1 = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined || bytes.length === 0 ? undefined : Buffer.from(bytes.subarray(0, 64)).toString('latin1');

/** VMAs in address order without overlap; what cannot be a VMA is said once and left out. */
const soundAreas = (
  name: string,
  listed: readonly MappedArea[],
  pageSize: bigint,
  problems: Failure[],
): readonly ImageArea[] => {
  const areas: ImageArea[] = [];
  let last = 0n;
  const inOrder = listed.every((vma, index) => index === 0 || vma.start >= (listed[index - 1]?.start ?? 0n));
  for (const vma of inOrder ? listed : [...listed].sort(byStart)) {
    const { start, end } = vma;
    if (end <= start || start < last || start % pageSize !== 0n || end % pageSize !== 0n) {
      problems.push(
        damaged(name, `has a mapping 0x${start.toString(16)}-0x${end.toString(16)} that cannot be; it is left out`),
      );
      continue;
    }
    last = end;
    areas.push({
      start,
      end,
      offset: vma.pgoff,
      sharedMemoryId: vma.shmid,
      protection: vma.prot,
      flags: vma.flags,
      status: vma.status,
      advice: vma.madv,
    });
  }
  return areas;
};

const byStart = (one: MappedArea, other: MappedArea): number =>
  one.start < other.start ? -1 : one.start > other.start ? 1 : 0;

const PROT_EXEC = 4;

/**
 * Areas whose first pages may matter: what CRIU took for the vDSO, anonymous code (a vDSO it dropped, a copy, a mark)
 * and whatever lies where auxv says the vDSO is. vvar pages are never in an image.
 */
const worthReading = (areas: readonly ImageArea[], auxv: Auxv | undefined): readonly ImageArea[] => {
  const told = auxv?.entries.get(AT_SYSINFO_EHDR);
  const vdso = areas.filter(({ status }) => hasStatus(status, 'vdso'));
  const others = areas.filter(
    ({ start, end, status, protection }) =>
      isPlainAnonymous(status) &&
      ((protection & PROT_EXEC) !== 0 || (told !== undefined && told >= start && told < end)),
  );
  return [...vdso.slice(0, MOST_AREAS), ...others.slice(0, MOST_AREAS)];
};

/** A just-in-time compiler has thousands of executable areas; a vDSO is among the first or is not told by bytes. */
const MOST_AREAS = 1024;

const namespacesOf = (ids: KernelIds | undefined): ReadonlyMap<string, number> => {
  const named: readonly (readonly [string, number | undefined])[] = [
    ['pid', ids?.pidNsId],
    ['net', ids?.netNsId],
    ['ipc', ids?.ipcNsId],
    ['uts', ids?.utsNsId],
    ['mnt', ids?.mntNsId],
    ['user', ids?.userNsId],
    ['cgroup', ids?.cgroupNsId],
    ['time', ids?.timeNsId],
  ];
  return new Map(named.flatMap(([name, id]) => (id === undefined || id === 0 ? [] : [[name, id] as const])));
};
