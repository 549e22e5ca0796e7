import { contextKey, type Event, sharesSpace } from '../model/event.js';

/**
 * Which pids live in one address space (vfork, CLONE_VM), as far as events tell. It saves readings: one of them is
 * read for all; and it saves the truth: when the one that acted has gone, another can still be read.
 */
export interface Kinship {
  learn(event: Event): void;
  /** One of them for which `holds`, else `pid` itself. */
  leader(context: string | undefined, pid: number, holds: (pid: number) => boolean): number;
  /** One that was not tried yet. */
  other(context: string | undefined, tried: readonly number[]): number | undefined;
}

/**
 * Address spaces with several processes are few; with one they need no entry beyond the last ones. Arrays: a set of one
 * takes 180 bytes.
 */
const MOST = 8192;
const MOST_PIDS = 8;

export const kinship = (): Kinship => {
  const pids = new Map<string, readonly number[]>();
  const of = (context: string | undefined): readonly number[] | undefined =>
    context === undefined ? undefined : pids.get(context);
  /** Many at once: to find the oldest, a Map passes over all that were deleted before it. */
  const forgetOlderHalf = (): void => {
    for (const oldest of pids.keys()) {
      pids.delete(oldest);
      if (pids.size <= MOST / 2) return;
    }
  };
  const add = (context: string, pid: number): void => {
    const known = pids.get(context);
    if (known !== undefined) {
      if (known.length < MOST_PIDS && !known.includes(pid)) pids.set(context, [...known, pid]);
      return;
    }
    if (pids.size >= MOST) forgetOlderHalf();
    pids.set(context, [pid]);
  };
  const remove = (context: string, pid: number): void => {
    const others = (pids.get(context) ?? []).filter((other) => other !== pid);
    if (others.length === 0) pids.delete(context);
    else pids.set(context, others);
  };
  return {
    learn: (event) => {
      if (event.kind === 'gap' || event.kind === 'heartbeat' || event.kind === 'status') return;
      const context = contextKey(event.space);
      if (context === undefined) return;
      if (event.kind === 'exit') {
        if (event.wholeProcess) remove(context, event.tgid);
        return;
      }
      add(context, event.tgid);
      if (event.kind === 'fork' && sharesSpace(event)) add(context, event.childPid);
    },
    leader: (context, pid, holds) => {
      for (const kin of of(context) ?? []) if (holds(kin)) return kin;
      return pid;
    },
    other: (context, tried) => {
      for (const kin of of(context) ?? []) if (!tried.includes(kin)) return kin;
      return undefined;
    },
  };
};
