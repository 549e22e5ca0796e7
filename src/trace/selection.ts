import type { Event } from '../model/event.js';
import type { Observation } from '../pipeline/observation.js';
import { isNamed } from '../text/comm.js';
import { printable } from '../text/escape.js';

/** Whom to record; every kind that is given must hold. Nothing given: everybody. */
export interface Wanted {
  readonly pids?: readonly number[] | undefined;
  /** Their descendants too, born before or later. */
  readonly tree: boolean;
  /** As it is printed. */
  readonly comm?: string | undefined;
  /** A control group, "/system.slice/a.service", and those below it. */
  readonly cgroup?: string | undefined;
}

/** Asks about a process that is seen for the first time. */
export interface Asked {
  /** Its path in every hierarchy. */
  readonly cgroupsOf: (pid: number) => readonly string[];
}

export interface Selection {
  /** Another root of the tree. */
  readonly add: (pid: number) => void;
  /** Those of a frame that are wanted. What is about the tracer, or about time, always is. */
  readonly filter: (frame: readonly Observation[]) => readonly Observation[];
}

/**
 * Chooses among observations, following forks as they are seen; a process found by a sweep belongs where its parent
 * does, and one that CRIU restores where it was before. What is chosen is all that the reducer is given, live and in the
 * replay.
 */
export const select = (wanted: Wanted, { cgroupsOf }: Asked): Selection => {
  const inTree = new Set(wanted.pids ?? []);
  /** Chosen ones that ended, as long as nobody else was given their pid. */
  const ended = new Set<number>();
  /** undefined: not known yet. */
  const inGroup = new Map<number, boolean>();
  const named = new Map<number, string>();

  const isWanted = (pid: number, comm: string | undefined): boolean => {
    if (wanted.pids !== undefined && !inTree.has(pid)) return false;
    if (wanted.comm !== undefined && !isNamed(printable(comm ?? named.get(pid) ?? ''), wanted.comm)) return false;
    return wanted.cgroup === undefined || belongs(pid, wanted.cgroup);
  };

  const belongs = (pid: number, group: string): boolean => {
    const known = inGroup.get(pid);
    if (known !== undefined) return known;
    inGroup.set(pid, false);
    ask(pid, group);
    return inGroup.get(pid) === true;
  };

  /** One that has gone stays where it was. */
  const ask = (pid: number, group: string): void => {
    const paths = cgroupsOf(pid);
    if (paths.length > 0)
      inGroup.set(
        pid,
        paths.some((path) => path === group || path.startsWith(group === '/' ? '/' : `${group}/`)),
      );
  };

  /**
   * A child is born where its parent is; who starts containers or services moves it elsewhere before its exec (runc,
   * crun, systemd), and anybody may be moved at any time.
   */
  const askAgain = (pid: number): void => {
    if (wanted.cgroup !== undefined && inGroup.has(pid)) ask(pid, wanted.cgroup);
  };

  const learn = (event: Event): void => {
    if (event.kind === 'fork') {
      if (wanted.tree && inTree.has(event.tgid)) inTree.add(event.childPid);
      // A restore gives the tasks their old pids (clone3 with set_tid, or ns_last_pid), and their names late.
      if (ended.delete(event.childPid) && event.comm === 'criu') inTree.add(event.childPid);
      const group = inGroup.get(event.tgid);
      if (group !== undefined) inGroup.set(event.childPid, group);
      named.set(event.childPid, event.comm);
    } else if ('tgid' in event && event.tid === event.tgid) named.set(event.tgid, event.comm);
    if (event.kind === 'exec') askAgain(event.tgid);
  };

  const forget = (event: Event): void => {
    if (event.kind !== 'exit' || !event.wholeProcess) return;
    if (inTree.delete(event.tgid)) ended.add(event.tgid);
    inGroup.delete(event.tgid);
    named.delete(event.tgid);
  };

  const isEventWanted = (event: Event, target: number | undefined): boolean => {
    if (!('tgid' in event)) return true;
    if (isWanted(event.tgid, event.comm)) return true;
    if (event.kind === 'fork' && isWanted(event.childPid, event.comm)) return true;
    return target !== undefined && target !== event.tgid && isWanted(target, undefined);
  };

  const keep = (observation: Observation): boolean => {
    switch (observation.kind) {
      case 'event': {
        const { event, target } = observation;
        learn(event);
        const kept = isEventWanted(event, target);
        forget(event);
        return kept;
      }
      case 'snapshot': {
        const { pid, evidence } = observation;
        const { parent, comm, state } = evidence.process;
        // A zombie stands in the root of the groups of old (v1: proc_cgroup_show, kernel/cgroup/cgroup.c).
        if (state !== 'Z') askAgain(pid);
        if (wanted.tree && parent !== undefined && inTree.has(parent)) inTree.add(pid);
        if (comm !== undefined) named.set(pid, comm);
        return isWanted(pid, comm);
      }
      default:
        return true;
    }
  };

  const everybody = wanted.pids === undefined && wanted.comm === undefined && wanted.cgroup === undefined;
  return {
    add: (pid) => inTree.add(pid),
    filter: everybody ? (frame) => frame : (frame) => frame.filter(keep),
  };
};
