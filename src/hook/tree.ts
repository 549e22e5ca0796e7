import { isError, type ProcFiles } from '../proc/door.js';

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
