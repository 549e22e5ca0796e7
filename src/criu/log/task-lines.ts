import { isFileless, type Vma } from '../../model/vma.js';
import { parseMapsLine } from '../../proc/parse/maps.js';
import { hasStatus } from '../status.js';
import type { LogLine } from './line.js';
import type { LogProcess } from './log.js';

/** Follows which task a dump.log is about, and collects its mappings. */
export interface TaskLines {
  readonly take: (line: LogLine) => void;
  /** Number, as CRIU saw it, of the task whose part of the log this is. */
  readonly current: () => number | undefined;
  /** The number in the image for a number CRIU saw; the same when it is not known. */
  readonly imagePid: (realPid: number | undefined) => number | undefined;
  /** Start of the code mapping that the parasite of that task looked at last; undefined when the log does not tell. */
  readonly lookedAt: (realPid: number | undefined) => bigint | undefined;
  readonly processes: () => readonly LogProcess[];
}

interface OpenTask {
  realPid: number;
  pid: number;
  comm: string;
  vmas: Vma[];
  complete: boolean;
  before: Map<bigint, number>;
  after: Map<bigint, number>;
  /** Its first mapping, by which a list is seen to begin, and how many lists have begun. */
  first: string | undefined;
  listings: number;
  /** CRIU has chosen its check. */
  checking: boolean;
  /** Command number of PARASITE_CMD_CHECK_VDSO_MARK in this version, and how many were sent: one a code mapping. */
  look: string | undefined;
  looks: number;
}

/** vm.max_map_count where it is raised. */
const MOST_VMAS = 300_000;

/** Takes the lines of one dump.log, in their order. */
export const taskLines = (): TaskLines => {
  const tasks = new Map<number, OpenTask>();
  let task: OpenTask | undefined;
  const take = ({ text, fromPie }: LogLine): void => {
    if (fromPie) return;
    const begun = BEGIN.exec(text);
    if (begun !== null) {
      const realPid = Number(begun[1]);
      task = tasks.get(realPid) ?? opened(realPid, begun[2] ?? '');
      tasks.set(realPid, task);
      return;
    }
    if (task === undefined) return;
    if (text.startsWith(SMAPS)) {
      const vma = parseMapsLine(text.slice(SMAPS.length));
      if (vma !== undefined && task.vmas.length < MOST_VMAS) task.vmas.push(vma);
    } else if (text.startsWith('Collected, longest area')) task.complete = true;
    else if (text.startsWith('0x')) takeStatus(task, text);
    else if (CHECK.test(text)) task.checking = true;
    else if (text.startsWith('Sent msg to daemon ')) takeLook(task, text);
    else if (text.startsWith('Process: ')) takeNumber(tasks, text);
    else task.pid = Number(IDS.exec(text)?.[1] ?? task.pid);
  };
  return {
    take,
    current: () => task?.realPid,
    imagePid: (realPid) => (realPid === undefined ? undefined : (tasks.get(realPid)?.pid ?? realPid)),
    lookedAt: (realPid) => {
      const asked = realPid === undefined ? undefined : tasks.get(realPid);
      return asked === undefined ? undefined : asked.vmas.filter(isLookedAt)[asked.looks - 1]?.start;
    },
    processes: () =>
      [...tasks.values()].map(({ pid, realPid, comm, vmas, complete, before, after }) => {
        return { pid, realPid, comm, vmas, vmasComplete: complete, statusBefore: before, statusAfter: after };
      }),
  };
};

const BEGIN = /^Dumping task \(pid: (\d{1,10})(?: comm: (.{0,64})\))?/;
const SMAPS = 'Handling VMA with the following smaps entry: ';
/** criu/cr-dump.c, dump_one_task: the last number is the one inside the pid namespace. */
const IDS = /^sid=\d{1,10} pgid=\d{1,10} pid=(\d{1,10})$/;
/** dump_pstree (criu/pstree.c): every task, also one that had ended, of which nothing else tells the number inside. */
const takeNumber = (tasks: ReadonlyMap<number, OpenTask>, text: string): void => {
  const [, inside, realPid] = PSTREE.exec(text) ?? [];
  const task = tasks.get(Number(realPid));
  if (task !== undefined) task.pid = Number(inside);
};

const PSTREE = /^Process: (\d{1,10})\((\d{1,10})\)$/;

const opened = (realPid: number, comm: string): OpenTask => ({
  realPid,
  pid: realPid,
  comm,
  vmas: [],
  complete: false,
  before: new Map(),
  after: new Map(),
  first: undefined,
  listings: 0,
  checking: false,
  look: undefined,
  looks: 0,
});

const CHECK = /^(?:vDSO hint is reliable|Don't check vdso|Check vdso by pfn|Pagemap is unavailable)/;

/** The first command after CRIU has chosen its check asks the parasite to look at the first code mapping. */
const takeLook = (task: OpenTask, text: string): void => {
  if (!task.checking) return;
  const command = text.split(' ')[4];
  task.look ??= command;
  if (task.look === command) task.looks += 1;
};

/** check_if_vma_is_vdso (criu/vdso.c): readable code without a file, not a stack. */
const isLookedAt = (vma: Vma): boolean =>
  vma.read && vma.execute && isFileless(vma) && vma.name !== '[stack]' && vma.name !== '[vsyscall]';

/** Keeps what is or could be a vDSO or vvar: the list has every mapping of the process, twice. */
const takeStatus = (task: OpenTask, text: string): void => {
  const [dash, at, protection] = [text.indexOf('-'), text.indexOf(' st 0x'), text.indexOf(' prot 0x')];
  if (dash < 3 || dash > 18 || at === -1 || protection === -1) return;
  const place = text.slice(0, dash);
  task.first ??= place;
  if (place === task.first) task.listings += 1;
  const status = Number.parseInt(text.slice(at + 4, at + 14), 16);
  const executable = (Number.parseInt(text.slice(protection + 6, protection + 12), 16) & PROT_EXEC) !== 0;
  if (!executable && !hasStatus(status, 'vdso') && !hasStatus(status, 'vvar')) return;
  const list = task.listings > 1 ? task.after : task.before;
  if (PLACE.test(place) && list.size < MOST_VMAS) list.set(BigInt(place), status);
};

const PROT_EXEC = 4;
const PLACE = /^0x[0-9a-f]{1,16}$/;
