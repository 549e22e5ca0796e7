import { isError, type ProcFiles } from './door.js';
import { procFiles } from './files.js';

/** The control groups of a running process; none when it has gone. */
export const cgroupsOf = (pid: number, files: ProcFiles = here): readonly string[] => {
  const bytes = files.lines(`${files.root}/${pid}/cgroup`);
  return isError(bytes) ? [] : parseCgroup(bytes.toString('latin1'));
};
const here = procFiles();

/** /proc/PID/cgroup, a line "0::/system.slice/a.service" or "4:memory:/docker/1" per hierarchy, to the paths. */
export const parseCgroup = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => /^\d+:[^:]*:(\/.*)$/.exec(line)?.[1] ?? []);
