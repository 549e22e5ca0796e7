import type { Event } from '../model/event.js';
import type { AddressSpace, HistoryLine, ProcessState, WatchState } from '../model/state.js';
import type { Observation } from '../pipeline/observation.js';

/**
 * What a state came from, as far as it still knows: the events of its histories, then a reading of every process. A
 * replay of these has the same processes, verdicts and moves; it is how a recording begins in the middle (--rotate),
 * and what `save` on the screen writes. Pure.
 */
export const baseOf = (state: WatchState): readonly Observation[] => {
  const living = [...state.processes.values()].filter(({ exitedAt }) => exitedAt === undefined);
  const status: Event = { kind: 'status', at: state.now, status: state.tracer };
  return [
    { kind: 'event', event: status, target: undefined, snapshot: 'none' },
    ...eventsOf(living, state).map(
      ({ event, target }): Observation => ({ kind: 'event', event, target, snapshot: 'none' }),
    ),
    ...living.flatMap((process) => readingOf(process, state.spaces.get(process.space), state.now)),
    { kind: 'swept', at: state.now },
  ];
};

/** Events that concern living processes, each once, in order; forks apart, whose children are read anyway. */
const eventsOf = (living: readonly ProcessState[], { spaces }: WatchState) => {
  const lines = new Set<HistoryLine>();
  for (const { space } of living) for (const line of spaces.get(space)?.history ?? []) lines.add(line);
  return [...lines]
    .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
    .flatMap(({ event, target }) => (event === undefined ? [] : [{ event, target }]));
};

const readingOf = (process: ProcessState, space: AddressSpace | undefined, now: bigint): readonly Observation[] => {
  const evidence = space?.evidence;
  if (evidence === undefined) return [];
  const { pid, comm, parent, key } = process;
  // Of those that share an address space one was read; the others have it too.
  const facts =
    evidence.process.pid === pid
      ? evidence.process
      : { ...evidence.process, pid, comm, parent, startTicks: startTicksOf(key) };
  return [{ kind: 'snapshot', pid, startedAt: evidence.takenAt ?? now, evidence: { ...evidence, process: facts } }];
};

/** "pid@startTicks" (ProcessState.key). */
const startTicksOf = (key: string): bigint | undefined => {
  const ticks = /@(\d+)$/.exec(key)?.[1];
  return ticks === undefined ? undefined : BigInt(ticks);
};
