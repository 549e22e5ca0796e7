import { ascending } from '../model/ascending.js';
import type { AddressSpace, HistoryLine, ProcessState, WatchState } from '../model/state.js';
import type { Observation, Snapshot } from '../pipeline/observation.js';

/**
 * What a state came from, as far as it still knows, in frames: the events of its histories and a reading of every
 * process, in the order of their times. A replay of these has the same processes, verdicts and moves; it is how a
 * recording begins in the middle (--rotate), and what `save` on the screen writes. Pure.
 */
export const baseOf = (state: WatchState): readonly (readonly Observation[])[] => {
  const living = [...state.processes.values()].filter(({ exitedAt }) => exitedAt === undefined);
  const past = [
    ...eventsOf(living, state),
    ...living.flatMap((process) => readingOf(process, state.spaces.get(process.space), state.now)),
  ];
  return framesOf([
    // First, because the mode of the tracer decides what a reading means.
    {
      kind: 'event',
      event: { kind: 'status', at: state.now, status: state.tracer },
      target: undefined,
      snapshot: 'none',
    },
    ...past.sort((one, other) => ascending(one.at, other.at)).map(({ observation }) => observation),
    { kind: 'swept', at: state.now },
  ]);
};

/** A child gets its parent's verdict: readings before a fork are judged before it, at the end of a frame. */
const framesOf = (observations: readonly Observation[]): readonly (readonly Observation[])[] => {
  const frames: Observation[][] = [];
  let frame: Observation[] = [];
  let unjudged = false;
  for (const observation of observations) {
    if (unjudged && observation.kind === 'event' && observation.event.kind === 'fork') {
      frames.push(frame);
      frame = [];
      unjudged = false;
    }
    frame.push(observation);
    unjudged ||= observation.kind === 'snapshot';
  }
  return [...frames, frame];
};

interface Timed {
  readonly at: bigint;
  readonly observation: Observation;
}

/** Events that concern living processes, each once. */
const eventsOf = (living: readonly ProcessState[], { spaces }: WatchState): readonly Timed[] => {
  const lines = new Set<HistoryLine>();
  for (const { space } of living) for (const line of spaces.get(space)?.history ?? []) lines.add(line);
  return [...lines].flatMap(({ at, event, target }): readonly Timed[] =>
    event === undefined ? [] : [{ at, observation: { kind: 'event', event, target, snapshot: 'none' } }],
  );
};

const readingOf = (process: ProcessState, space: AddressSpace | undefined, now: bigint): readonly Timed[] => {
  const evidence = space?.evidence;
  if (evidence === undefined) return [];
  const { pid, comm, parent } = process;
  const taken = evidence.takenAt ?? now;
  if (evidence.process.pid === pid) return [reading(taken, pid, evidence)];
  // Of those that share an address space one was read: this is another.
  const facts = { ...evidence.process, pid, comm, parent, startTicks: startTicksOf(process) };
  return [reading(taken, pid, { ...evidence, process: facts })];
};

const reading = (at: bigint, pid: number, evidence: Snapshot['evidence']): Timed => ({
  at,
  observation: { kind: 'snapshot', pid, startedAt: at, evidence },
});

const startTicksOf = ({ key }: ProcessState): bigint | undefined => {
  const ticks = /@(\d+)$/.exec(key)?.[1];
  return ticks === undefined ? undefined : BigInt(ticks);
};
