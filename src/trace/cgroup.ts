/** /proc/PID/cgroup, a line "0::/system.slice/a.service" or "4:memory:/docker/1" per hierarchy, to the paths. */
export const parseCgroup = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => /^\d+:[^:]*:(\/.*)$/.exec(line)?.[1] ?? []);
