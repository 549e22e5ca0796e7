import type { Event } from '../../src/model/event.js';
import type { Snapshot } from '../../src/pipeline/observation.js';
import { CLONE_VM, execed, exited, forked, MS, moved, read, T0 } from './build.js';

/** A small machine that knows the truth: what it does, the events of it, and what /proc shows at any moment. */

export interface Action {
  readonly what: 'fork' | 'vfork' | 'exec' | 'move' | 'exit' | 'look';
  /** Which of the living processes does it. */
  readonly who: number;
  /** ms after the action before. */
  readonly pause: number;
}

interface Living {
  readonly pid: number;
  readonly ticks: bigint;
  readonly memory: Memory;
  readonly execs: number;
}

interface Memory {
  readonly context: number;
  /** Where exec put the vDSO; what auxv says for ever. */
  readonly put: bigint;
  vdso: bigint;
  moves: number;
}

/** What must be known of a process in the end. `space` names the first pid that lives in the same address space. */
export interface Truth {
  readonly pid: number;
  readonly start: bigint;
  readonly moved: boolean;
  readonly moves: number;
  readonly space: number;
  readonly generation: number;
}

export interface Story {
  readonly events: readonly Event[];
  /** Readings on the way. */
  readonly looks: readonly Snapshot[];
  /** A reading of everybody, after everything. */
  readonly sweep: readonly Snapshot[];
  /** Boot clock after everything. */
  readonly end: bigint;
  readonly truth: readonly Truth[];
}

const FIRST_PLACE = 0x7f00_0000_0000n;
const PIDS = 6;

/** Pids are few, so that they are reused; a pid rests for 70 ms, longer than anything is delivered out of place. */
export const tell = (actions: readonly Action[]): Story => {
  let now = T0 + 10n * MS;
  let serial = 0;
  const place = (): bigint => FIRST_PLACE + BigInt(++serial) * 0x10_0000n;
  const fresh = (): Memory => {
    const put = place();
    return { context: 1000 + serial, put, vdso: put, moves: 0 };
  };
  const living = new Map<number, Living>();
  const freed = new Map<number, bigint>();
  living.set(1, { pid: 1, ticks: 1n, memory: fresh(), execs: 0 });
  const events: Event[] = [];
  const look = (one: Living): Snapshot =>
    read({ at: now, pid: one.pid, ticks: one.ticks, vdso: one.memory.vdso, auxv: one.memory.put });
  const looks: Snapshot[] = [...living.values()].map(look);
  const freePid = (): number | undefined => {
    for (let pid = 2; pid < 2 + PIDS; pid++)
      if (!living.has(pid) && now - (freed.get(pid) ?? 0n) > 70n * MS) return pid;
    return undefined;
  };
  for (const { what, who, pause } of actions) {
    now += BigInt(pause) * MS + 1n;
    const all = [...living.values()];
    const actor = all[who % all.length];
    if (actor === undefined) break;
    const { pid, memory } = actor;
    const self = { at: now, pid, in: memory.context };
    if (what === 'fork' || what === 'vfork') {
      const child = freePid();
      if (child === undefined) continue;
      const shares = what === 'vfork';
      const copy = shares ? memory : { ...memory, context: 1000 + ++serial };
      living.set(child, { pid: child, ticks: now / 10_000_000n, memory: copy, execs: 0 });
      events.push(forked({ ...self, child, flags: shares ? CLONE_VM : 0x11n }));
    } else if (what === 'exec') {
      const next = { ...actor, memory: fresh(), execs: actor.execs + 1 };
      living.set(pid, next);
      events.push(execed({ at: now, pid, in: next.memory.context, vdso: next.memory.put }));
    } else if (what === 'move') {
      const from = memory.vdso;
      memory.vdso = place();
      memory.moves += 1;
      events.push(moved({ ...self, from, to: memory.vdso }));
    } else if (what === 'exit' && pid !== 1) {
      living.delete(pid);
      freed.set(pid, now);
      events.push(exited(self));
    } else if (what === 'look') {
      now += 1n;
      looks.push(look(actor));
    }
  }
  now += 1000n * MS;
  const all = [...living.values()];
  const truth = all.map(
    (one): Truth => ({
      pid: one.pid,
      start: one.memory.vdso,
      moved: one.memory.vdso !== one.memory.put,
      moves: one.memory.moves,
      space: Math.min(...all.filter(({ memory }) => memory === one.memory).map(({ pid }) => pid)),
      generation: one.execs,
    }),
  );
  return { events, looks, sweep: all.map(look), end: now, truth };
};
