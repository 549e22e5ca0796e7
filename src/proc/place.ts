import { printable } from '../text/escape.js';
import { isError, type ProcFiles } from './door.js';
import { procFiles } from './files.js';
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

/** The control groups of a running process; none when it has gone. */
export const cgroupsOf = (pid: number, files: ProcFiles = here): readonly string[] => {
  const bytes = files.lines(`${files.root}/${pid}/cgroup`);
  return isError(bytes) ? [] : parseCgroup(bytes.toString('latin1'));
};
const here = procFiles();

/** /proc/PID/cgroup, a line "0::/system.slice/a.service" or "4:memory:/docker/1" per hierarchy, to the paths. */
export const parseCgroup = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => /^\d+:[^:]*:(\/.*)$/.exec(line)?.[1] ?? []);
