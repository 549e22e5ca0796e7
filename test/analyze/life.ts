import type { Event } from '../../src/model/event.js';
import type { Observation, Snapshot } from '../../src/pipeline/observation.js';
import { called, exited, forked, MS, moved, T0 } from '../pipeline/build.js';
import type { Images } from './dumps.js';
import { at, reading } from './recordings.js';

/** What happens to a process that is dumped and restored, by the clock of the recordings. */

export const ELSEWHERE = 0x7e00_0000_0000n;
export const TICKS = T0 / (10n * MS);

/** What one process does, and how it is read. */
export interface Life {
  /** Read with its vDSO there, these pages of it copied. */
  readonly read: (ms: number, vdso: bigint, copied?: readonly number[]) => Snapshot;
  readonly moves: (ms: number, from: bigint, to: bigint) => Event;
  readonly ends: (ms: number) => Event;
}

/** The dumped process itself; or, with `restoredAt` in ms, what a restore at that time made of it. */
export const lifeOf = ({ pid, auxv }: Pick<Images, 'pid' | 'auxv'>, restoredAt = 0): Life => {
  const space = restoredAt === 0 ? 1 : 2;
  const ticks = TICKS + BigInt(restoredAt / 10);
  return {
    read: (ms, vdso, copied = []) => reading({ ms, pid, ticks, at: vdso, auxv, copied }),
    moves: (ms, from, to) => moved({ at: at(ms), pid, in: space, from, to }),
    ends: (ms) => exited({ at: at(ms), pid, in: space }),
  };
};

/** Dumped at 1000 ms and left running: at 2000 it moved its vDSO ELSEWHERE, where it was read. */
export const leftRunning = (image: Images): readonly (Event | Observation)[] => {
  const life = lifeOf(image);
  return [
    life.read(10, image.place),
    ...dumped(image.pid, 60, 1000),
    life.moves(2000, image.place, ELSEWHERE),
    life.read(2010, ELSEWHERE),
  ];
};

/** It moved its vDSO there after half a second, and was read before and after. */
export const movedThere = (image: Images, readAt: number): readonly (Event | Observation)[] => {
  const life = lifeOf(image);
  return [life.read(10, ELSEWHERE), life.moves(500, ELSEWHERE, image.place), life.read(readAt, image.place)];
};

/** What CRIU does to a task that it dumps: its parasite in, and out again. */
export const dumped = (pid: number, by: number, ms: number): Event[] =>
  [ms, ms + 40].map((time) => ({
    kind: 'poke',
    how: 'ptrace',
    at: at(time),
    tgid: by,
    tid: by,
    comm: 'criu',
    space: { id: BigInt(by), mm: 0n },
    targetPid: pid,
    address: 0x40_0000n,
    result: 0n,
  }));

/** CRIU makes a process anew: the calls of its restorer that the probes see. */
export const restored = (pid: number, by: number, ms: number, space: number, to: bigint): Event[] => [
  forked({ at: at(ms), pid: by, in: by, child: pid, comm: 'criu' }),
  called({ at: at(ms + 10), pid, in: space, comm: 'criu', call: 'munmap', args: [0x1000n, 1n << 46n] }),
  moved({ at: at(ms + 15), pid, in: space, comm: 'criu', from: 0x35000n, to }),
  mapSet(pid, ms + 20, space),
];

/** PR_SET_MM_MAP: the last that a restorer does for a task, under the name of the task already. */
export const mapSet = (pid: number, ms: number, space: number, result = 0n): Event => ({
  kind: 'prctl',
  option: 14n,
  result,
  at: at(ms),
  tgid: pid,
  tid: pid,
  comm: 'puppet',
  space: { id: BigInt(space), mm: 0n },
});
