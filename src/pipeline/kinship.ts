import { contextKey, type Event, sharesSpace } from '../model/event.js';

/**
 * Which pids live in one address space (vfork, CLONE_VM), as far as events tell. It saves readings: one of them is
 * read for all; and it saves the truth: when the one that acted has gone, another can still be read.
 */
export interface Kinship {
  /** The address space that a process has left by it (exit, exec), where others are known to have lived with it. */
  learn(event: Event): string | undefined;
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
  /** Where those live who share: an exec names the new address space alone. */
  const shared = new Map<number, string>();
  const of = (context: string | undefined): readonly number[] | undefined =>
    context === undefined ? undefined : pids.get(context);
  const add = (context: string, pid: number): void => {
    const known = pids.get(context);
    if (known !== undefined) {
      if (known.length >= MOST_PIDS || known.includes(pid)) return;
      pids.set(context, [...known, pid]);
      if (shared.size >= 2 * MOST) forgetOlderHalf(shared);
      for (const kin of [...known, pid]) shared.set(kin, context);
      return;
    }
    if (pids.size >= MOST) forgetOlderHalf(pids);
    pids.set(context, [pid]);
  };
  const remove = (context: string, pid: number): void => {
    const others = (pids.get(context) ?? []).filter((other) => other !== pid);
    if (others.length === 0) pids.delete(context);
    else pids.set(context, others);
  };
  /** It lives in `now`, if anywhere, and nowhere else. */
  const leave = (pid: number, now: string | undefined): string | undefined => {
    const before = shared.get(pid);
    if (before === undefined || before === now) return undefined;
    shared.delete(pid);
    remove(before, pid);
    return before;
  };
  return {
    learn: (event) => {
      if (event.kind === 'gap' || event.kind === 'heartbeat' || event.kind === 'status') return undefined;
      const context = contextKey(event.space);
      if (event.kind === 'exit') {
        if (!event.wholeProcess) return undefined;
        if (context !== undefined) remove(context, event.tgid);
        return leave(event.tgid, undefined);
      }
      if (context === undefined) return undefined;
      const left = event.kind === 'exec' ? leave(event.tgid, context) : undefined;
      add(context, event.tgid);
      if (event.kind === 'fork' && sharesSpace(event)) add(context, event.childPid);
      return left;
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

/** Many at once: to find the oldest, a Map passes over all that were deleted before it. */
const forgetOlderHalf = (known: Map<unknown, unknown>): void => {
  const half = known.size / 2;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    if (known.size <= half) return;
  }
};
