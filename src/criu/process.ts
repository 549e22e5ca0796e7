import { AT_SYSINFO_EHDR, type Auxv } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import { byStart, contains } from '../model/vma.js';
import { type ImageDirectory, labelOf, readImage } from './directory.js';
import { damaged } from './framing.js';
import type { ImageArea, ImageProcess, ImageThread } from './image-set.js';
import { instructionPointerOf, isCompat, machineOf } from './machine.js';
import { pageSizeOf, parseMemory, type SavedMemory, savedAuxv } from './memory.js';
import { pageReader } from './pages.js';
import { readOne } from './read.js';
import { type Core, CoreSchema, type KernelIds, KernelIdsSchema } from './schema/image_pb.js';
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
  const memory = loadMemory(directory, `mm-${task.pid}.img`, 'mm', problems);
  const auxv = savedAuxv(memory?.auxv ?? [], machine);
  const pageSize = pageSizeOf(auxv);
  const listed = memory?.areas.length
    ? memory
    : (loadMemory(directory, `vmas-${task.pid}.img`, 'vmas', problems) ?? memory);
  const areas =
    listed && soundAreas(labelOf(directory, `mm-${task.pid}.img`), listed.areas, BigInt(pageSize), problems);
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

/** task_core_entry.task_state: TASK_DEAD and TASK_ZOMBIE (criu/include/pid.h; criu/include/image.h before 3.0). */
const DEAD_STATES = new Set([2, 6]);

const threadOf = (tid: number, core: Core): ImageThread => ({
  tid,
  ip: instructionPointerOf(core),
  comm: latin1(core.thread?.comm) ?? latin1(core.task?.comm),
});

const latin1 = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined || bytes.length === 0 ? undefined : Buffer.from(bytes.subarray(0, 64)).toString('latin1');

/** The mappings and auxv of an mm image, or of the older vmas image; undefined when there is none that says anything. */
const loadMemory = (
  directory: ImageDirectory,
  name: string,
  kind: 'mm' | 'vmas',
  problems: Failure[],
): SavedMemory | undefined => {
  const file = readImage(directory, name);
  if (file === undefined) return undefined;
  if (!file.ok) {
    problems.push(file.failure);
    return undefined;
  }
  const memory = parseMemory(labelOf(directory, name), file.value, kind);
  if (memory.problem !== undefined) problems.push(memory.problem);
  return memory.empty ? undefined : memory;
};

/** Areas in address order without overlap; what cannot be a mapping is said once and left out. */
const soundAreas = (
  name: string,
  listed: readonly ImageArea[],
  pageSize: bigint,
  problems: Failure[],
): readonly ImageArea[] => {
  const inOrder = listed.every((area, index) => index === 0 || area.start >= (listed[index - 1]?.start ?? 0n));
  let last = 0n;
  return (inOrder ? listed : [...listed].sort(byStart)).filter(({ start, end }) => {
    const sound = end > start && start >= last && start % pageSize === 0n && end % pageSize === 0n;
    if (sound) last = end;
    else {
      const range = `0x${start.toString(16)}-0x${end.toString(16)}`;
      if (problems.length < MOST_PROBLEMS)
        problems.push(damaged(name, `has a mapping ${range} that cannot be; it is left out`));
    }
    return sound;
  });
};

const MOST_PROBLEMS = 1000;

const PROT_EXEC = 4;

/**
 * Areas whose first pages may matter: what CRIU took for the vDSO, anonymous code (a vDSO it dropped, a copy, a mark)
 * and whatever lies where auxv says the vDSO is. vvar pages are never in an image.
 */
const worthReading = (areas: readonly ImageArea[], auxv: Auxv | undefined): readonly ImageArea[] => {
  const told = auxv?.entries.get(AT_SYSINFO_EHDR);
  const vdso = areas.filter(({ status }) => hasStatus(status, 'vdso'));
  const others = areas.filter(
    (area) =>
      isPlainAnonymous(area.status) &&
      ((area.protection & PROT_EXEC) !== 0 || (told !== undefined && contains(area, told))),
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
