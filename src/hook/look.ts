import { judgeAll } from '../census/chosen.js';
import { ownImage } from '../census/host-images.js';
import { readPostMortem } from '../criu/post-mortem.js';
import type { Pristine } from '../judge/criu/pristine.js';
import { forecast } from '../judge/forecast.js';
import type { Evidence } from '../model/evidence.js';
import type { Judged } from '../model/judged.js';
import type { Observation } from '../pipeline/observation.js';
import { isError, type ProcFiles } from '../proc/door.js';
import type { ProcContext } from '../proc/host.js';
import { readProcess } from '../proc/process.js';

/** A process tree at the moment of a hook. */
export interface Look {
  readonly judged: readonly Judged[];
  /** The same as a reducer is told it. */
  readonly observations: readonly Observation[];
}

/**
 * Reads the tree from /proc and from nothing else. `still`: it is frozen; then the bytes of its vDSOs are read too,
 * which may fault a page of them in.
 */
export const lookAtTree = (root: number, action: string, still: boolean, criu: string, proc: ProcContext): Look => {
  const at = proc.clock.now();
  const pids = readTree(root, proc.files);
  const read = pids.map((pid) => readProcess(pid, 'full', { proc, bytes: still }));
  return {
    judged: judgeWith(read, criu, ownImage()),
    observations: [
      {
        kind: 'event',
        event: { kind: 'status', at, status: { mode: 'polling', text: `CRIU hook ${action}`, notes: [] } },
        target: undefined,
        snapshot: 'none',
      },
      { kind: 'census', at, pids: new Set(pids) },
      ...read.map((evidence): Observation => {
        return { kind: 'snapshot', pid: evidence.process.pid, startedAt: evidence.takenAt ?? at, evidence };
      }),
      { kind: 'swept', at: proc.clock.now() },
    ],
  };
};

/** `pristine`: images of the kernel they ran on. */
export const judgeWith = (
  evidence: readonly Evidence[],
  criu: string,
  pristine: readonly Pristine[] = [],
): readonly Judged[] =>
  judgeAll(evidence).judged.map((one) => ({
    ...one,
    forecast: forecast(one.evidence, one.verdict, criu, pristine),
  }));

/** What the images themselves say; nothing when they cannot be read. */
export const lookAtImages = async (images: string, criu: string): Promise<readonly Judged[]> => {
  const read = await readPostMortem(images, { criu });
  return read.ok ? read.value.judged : [];
};

/**
 * A process and all below it, parents first, from /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN: CRIU reads the
 * same). Only the tree is looked at, because in some hooks it stands still meanwhile. Bounded.
 */
export const readTree = (root: number, files: ProcFiles): readonly number[] => {
  const tree = new Set([root]);
  for (const pid of tree) {
    const tasks = files.list(`${files.root}/${pid}/task`);
    if (isError(tasks)) continue;
    for (const task of tasks) {
      const children = files.lines(`${files.root}/${pid}/task/${task}/children`);
      if (isError(children)) continue;
      for (const child of children.toString('latin1').split(' '))
        if (/^[1-9]\d{0,9}$/.test(child) && tree.size < MOST) tree.add(Number(child));
    }
  }
  return [...tree];
};

const MOST = 100_000;
