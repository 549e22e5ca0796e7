import { printable } from '../text/escape.js';
import { cgroupsOf } from './cgroup.js';
import { isError, type ProcFiles } from './door.js';
import { insidePid, parseStatus } from './parse/status.js';

/**
 * Which container, pod or service a process belongs to, in the words of its control group, which every runtime names
 * after its container; and its number in there, by which CRIU's images and logs know it. Undefined: in none, or gone.
 */
export const placeOf = (pid: number, files: ProcFiles): string | undefined => {
  const group = groupOf(cgroupsOf(pid, files));
  const status = files.record(`${files.root}/${pid}/status`);
  const number = isError(status) ? undefined : insidePid(parseStatus(status.toString('latin1'))).insidePid;
  const inside = number === undefined ? undefined : `pid ${number}`;
  if (group === undefined) return inside === undefined ? undefined : `${inside} in its namespace`;
  return inside === undefined ? `in ${printable(group)}` : `${inside} in ${printable(group)}`;
};

/** The unified hierarchy is listed last (proc_cgroup_show, kernel/cgroup/cgroup.c); crun leaves the others on a hybrid. */
const groupOf = (paths: readonly string[]): string | undefined => {
  const unified = paths.at(-1);
  if (unified !== undefined && unified !== '/') return unified;
  return paths.filter((path) => path !== '/').sort((a, b) => b.length - a.length)[0];
};
