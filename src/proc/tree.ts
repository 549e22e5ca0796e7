import { localProc, type ProcContext } from './host.js';
import { sweep } from './sweep.js';

/** These processes and everything below them, now. */
export const descendants = async (
  pids: readonly number[],
  proc: ProcContext = localProc(),
): Promise<readonly number[]> => {
  const parents = new Map<number, number>();
  for await (const chunk of sweep({ proc }))
    for (const { process } of chunk) if (process.parent !== undefined) parents.set(process.pid, process.parent);
  return processTree(pids, parents);
};

/**
 * The processes asked for and everything below them, each once, parents before children. Pure: `parents` maps every
 * pid to its parent's. CRIU dumps a whole tree, so one bad process in it spoils the dump of all.
 */
export const processTree = (roots: readonly number[], parents: ReadonlyMap<number, number>): readonly number[] => {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents) {
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const tree = new Set<number>();
  const waiting = [...roots];
  for (let pid = waiting.shift(); pid !== undefined; pid = waiting.shift()) {
    if (tree.has(pid)) continue;
    tree.add(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return [...tree];
};
