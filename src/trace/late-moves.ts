import type { Evidence } from '../model/evidence.js';
import { isSameReading } from '../pipeline/judged-before.js';
import { LIMITS } from '../pipeline/ledger.js';
import type { Observation, Snapshot } from '../pipeline/observation.js';
import type { MoveLine } from './move-pattern.js';

/**
 * Which moves come late and still change what is said of a reading: those from before the newest reading of their
 * process, which has been judged without them. The judge asks three things of them (pipeline/judged.ts): who moved it
 * last, what the kernel's pointer was, and whether one of them explains that it was found elsewhere. Once the first ones
 * have been read all are answered: who by, as long as it is the same process; the pointer, which is asked for once; and
 * an explanation is waited for so long only (LIMITS.stragglersNs). The rest of them changes nothing, unless the reading
 * is cut down meanwhile (pipeline/slim.ts).
 */
export interface LateMoves {
  /**
   * A reading that shows what the one before it has shown, of which all is settled: the judge is told nothing that is
   * new to him, whatever moves are still to be read. `context`: of its run.
   */
  readonly repeats: (snapshot: Snapshot, context: bigint) => boolean;
  /** Of what is no move. */
  readonly meet: (observation: Observation) => void;
  /** To be asked of each move, in order. open: it may change what is said; settled: it is late, and does not. */
  readonly lateness: (move: MoveLine) => 'open' | 'settled' | undefined;
  /** Processes of which it is decided now whether a move explains where they were found; each is told once. */
  readonly due: () => readonly number[];
  /** The newest reading of the process is cut down now, or may be: what is late has to be read before that. */
  readonly isCut: (pid: number) => boolean;
  /** All late moves up to here have been read, one of these last in its address space; the state after it is made. */
  readonly settle: (newest: Pick<MoveLine, 'tgid' | 'context' | 'comm'>) => void;
  /** Something else was done to that address space: what was settled is open again. */
  readonly reopen: (context: bigint | undefined) => void;
  readonly forget: (pid: number) => void;
  readonly clear: () => void;
}

/** The newest reading of a process. */
interface Newest {
  readonly startedAt: bigint;
  readonly evidence: Evidence;
  /** Events up to this time may explain where it was found. */
  readonly awaited: bigint;
  /** How many readings were there before it. */
  readonly before: number;
}

interface Settled {
  readonly startedAt: bigint;
  readonly tgid: number;
  readonly comm: string;
}

export const openLateMoves = (): LateMoves => {
  const newest = new Map<number, Newest>();
  /** By address space. */
  const settled = new Map<bigint, Settled>();
  /** Processes that were found elsewhere, and when it is decided why. */
  const awaited = new Map<number, bigint>();
  let readings = 0;
  let now = 0n;
  let heard = 0n;

  const isWhole = ({ startedAt, before }: Newest): boolean =>
    now - startedAt < LIMITS.wholeNs && readings - before < LIMITS.whole;

  const pass = (at: bigint): void => {
    if (at > now) now = at;
  };
  const hear = (at: bigint): void => {
    pass(at);
    if (at > heard) heard = at;
  };

  const read = ({ pid, startedAt, evidence }: Snapshot): void => {
    readings += 1;
    const known = newest.get(pid);
    if (known !== undefined && startedAt <= known.startedAt) return;
    // The vDSO is where it was: nothing is to be explained.
    const same = known !== undefined && isSameReading(known.evidence, evidence);
    const decided = same ? known.awaited : startedAt + LIMITS.stragglersNs;
    if (!same) awaited.set(pid, decided);
    newest.set(pid, { startedAt, evidence, awaited: decided, before: readings });
  };

  return {
    repeats: ({ pid, startedAt, evidence }, context) => {
      const [before, answer] = [newest.get(pid), settled.get(context)];
      if (before === undefined || answer?.startedAt !== before.startedAt || answer.tgid !== pid) return false;
      if (startedAt <= before.startedAt || !isSameReading(before.evidence, evidence)) return false;
      settled.set(context, { ...answer, startedAt });
      return true;
    },
    meet: (observation) => {
      switch (observation.kind) {
        case 'event': {
          const { event } = observation;
          // As the pipeline takes them (pipeline/step.ts).
          if (event.kind === 'gap' || event.kind === 'status') pass(event.at);
          else hear(event.at);
          break;
        }
        case 'snapshot':
          pass(observation.startedAt);
          read(observation);
          break;
        default:
          pass(observation.at);
      }
    },
    lateness: ({ at, tgid, context, comm }) => {
      hear(at);
      const reading = newest.get(tgid);
      if (reading === undefined || at > reading.startedAt) return undefined;
      const known = settled.get(context);
      const isSettled = known?.startedAt === reading.startedAt && known.tgid === tgid && known.comm === comm;
      return isSettled && isWhole(reading) ? 'settled' : 'open';
    },
    settle: ({ tgid, context, comm }) => {
      const reading = newest.get(tgid);
      if (reading !== undefined && heard >= reading.awaited)
        settled.set(context, { startedAt: reading.startedAt, tgid, comm });
    },
    due: () => {
      const pids = [...awaited].flatMap(([pid, at]) => (heard >= at ? [pid] : []));
      for (const pid of pids) awaited.delete(pid);
      return pids;
    },
    isCut: (pid) => {
      const reading = newest.get(pid);
      return reading !== undefined && !isWhole(reading);
    },
    reopen: (context) => {
      if (context !== undefined) settled.delete(context);
    },
    forget: (pid) => {
      newest.delete(pid);
      awaited.delete(pid);
    },
    clear: () => {
      newest.clear();
      settled.clear();
      awaited.clear();
      heard = 0n;
      now = 0n;
    },
  };
};
