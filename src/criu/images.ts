import { setImmediate } from 'node:timers/promises';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { fileTime, type ImageDirectory, labelOf, openDirectory, shown } from './directory.js';
import { damaged } from './framing.js';
import type { ImageInventory, ImageProcess, ImageSet, ImageStats } from './image-set.js';
import { unfinished } from './logs-beside.js';
import { type ListedTask, readProcess } from './process.js';
import { readAll, readOne } from './read.js';
import { InventorySchema, StatsSchema, TaskSchema, TimeNamespaceSchema } from './schema/image_pb.js';

/**
 * Reads a CRIU image directory: what is there of each process's address space. A damaged or missing file costs only
 * what it held and becomes a sentence in `problems`. Fails when the directory cannot be read or is not one of CRIU's.
 */
export const readImages = async (path: string): Promise<Outcome<ImageSet>> => {
  const opened = openDirectory(path);
  if (!opened.ok) return opened;
  const directory = opened.value;
  if (![...directory.names].some((name) => name.endsWith('.img') || /^(?:dump|restore)\.log$/.test(name)))
    return failed(
      failure('bad-input', `${shown(path)} holds no CRIU image.`, 'Name the directory that criu dump wrote (-D).'),
    );
  const problems: Failure[] = [];
  const inventory = readInventory(directory, problems);
  const tasks = readTasks(directory, problems);
  const processes: ImageProcess[] = [];
  for (const [index, task] of tasks.entries()) {
    processes.push(readProcess(directory, task, problems));
    // Thousands of processes: let signals and a progress bar through.
    if (index % 64 === 63) await setImmediate();
  }
  const kind = kindOf(directory);
  if (kind === 'dump') problems.push(...missingMemory(directory, processes));
  const set = {
    directory: path,
    kind,
    inventory,
    processes,
    stats: readStats(directory, problems),
    written: fileTime(directory, 'inventory.img') ?? fileTime(directory, 'dump.log'),
    clock: readClock(directory, 'timens-0.img', problems),
    ownClock: readOwnClock(directory, problems),
    logs: [...directory.names].filter((name) => name.endsWith('.log')).sort(),
  } as const;
  const unread = [...new Map(problems.map((problem) => [problem.text, problem])).values()];
  return success({
    ...set,
    partial: unread.length > 0,
    problems: kind === 'unfinished' ? [...unread, unfinished(path)] : unread,
  });
};

/** Every task of a whole dump that is not dead has one (dump_task_mm in dump_one_task, criu/cr-dump.c). */
const missingMemory = (directory: ImageDirectory, processes: readonly ImageProcess[]): readonly Failure[] =>
  processes
    .map(({ pid, dead, areas }) => ({ name: `mm-${pid}.img`, read: dead || areas !== undefined }))
    .filter(({ name, read }) => !read && !directory.names.has(name))
    .map(({ name }) => damaged(labelOf(directory, name), 'is missing'));

/**
 * pstree.img is written after all tasks (criu/cr-dump.c, cr_dump_tasks): a dump that fails at a later task leaves whole
 * images of the earlier ones. A pre-dump has pages and nothing of the task itself.
 */
const kindOf = ({ names }: ImageDirectory): ImageSet['kind'] => {
  if (names.has('pstree.img')) return 'dump';
  const have = (kind: string): boolean => [...names].some((name) => name.startsWith(kind) && name.endsWith('.img'));
  return have('pagemap-') && !have('core-') ? 'pre-dump' : 'unfinished';
};

const readInventory = (directory: ImageDirectory, problems: Failure[]): ImageInventory | undefined => {
  const inventory = readOne(directory, 'inventory.img', 'inventory', InventorySchema, problems);
  if (inventory === undefined) return undefined;
  if (inventory.imgVersion !== 1 && inventory.imgVersion !== 2)
    problems.push(
      damaged(
        labelOf(directory, 'inventory.img'),
        `is of image version ${inventory.imgVersion}; versions 1 and 2 are known`,
      ),
    );
  const runId = Buffer.from(inventory.dumpCriuRunId).toString('latin1');
  return {
    version: inventory.imgVersion,
    runId: runId === '' ? undefined : runId,
    allowUprobes: inventory.allowUprobes,
  };
};

/** Who is in the image: pstree.img, or without it every process that has an mm or pagemap image. */
const readTasks = (directory: ImageDirectory, problems: Failure[]): readonly ListedTask[] => {
  const tasks = new Map<number, ListedTask>();
  for (const { pid, ppid, threads } of readAll(directory, 'pstree.img', 'pstree', TaskSchema, problems)) {
    if (tasks.has(pid))
      problems.push(damaged(labelOf(directory, 'pstree.img'), `names process ${pid} twice; the second is left out`));
    else tasks.set(pid, { pid, parent: ppid, threads: threads.slice(0, MOST_THREADS) });
  }
  for (const name of directory.names) {
    const pid = Number(/^(?:mm|pagemap)-(\d+)\.img$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || tasks.has(pid)) continue;
    if (directory.names.has('pstree.img'))
      problems.push(damaged(labelOf(directory, 'pstree.img'), `does not name process ${pid}, which ${name} is about`));
    tasks.set(pid, { pid, parent: undefined, threads: [pid] });
  }
  return [...tasks.values()].sort((one, other) => one.pid - other.pid);
};

const MOST_THREADS = 65_536;

const readClock = (directory: ImageDirectory, name: string, problems: Failure[]): bigint | undefined => {
  const boot = readOne(directory, name, 'timens', TimeNamespaceSchema, problems)?.boottime;
  return boot && boot.tvSec * NS_PER_SECOND + boot.tvNsec;
};

/** There is one at most: a task of another time namespace than the root of its tree cannot be dumped. */
const readOwnClock = (directory: ImageDirectory, problems: Failure[]): bigint | undefined => {
  const name = [...directory.names].find((one) => one.startsWith('timens-') && one !== 'timens-0.img');
  return name === undefined ? undefined : readClock(directory, name, problems);
};

const NS_PER_SECOND = 1_000_000_000n;

const readStats = (directory: ImageDirectory, problems: Failure[]): ImageStats => {
  const dump = readOne(directory, 'stats-dump', 'stats', StatsSchema, problems)?.dump;
  const restore = readOne(directory, 'stats-restore', 'stats', StatsSchema, problems)?.restore;
  return {
    pagesWritten: dump?.pagesWritten,
    pagesInParent: dump?.pagesSkippedParent,
    pagesLazy: dump?.pagesLazy,
    pagesRestored: restore?.pagesRestored,
  };
};
