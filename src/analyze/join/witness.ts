import type { ImageProcess, ImageSet } from '../../criu/image-set.js';
import { type CriuLog, type LogProcess, restoredAs } from '../../criu/log/log.js';
import type { PostMortem } from '../../criu/post-mortem.js';
import { ascending } from '../../model/ascending.js';
import type { Host } from '../../model/evidence.js';
import type { Judged } from '../../model/judged.js';
import { type Image, imageOf } from '../../pipeline/image.js';
import { isProxied } from '../compare.js';
import { type Piece, stateOf, unreadOf } from '../piece.js';
import type { Instant, Life } from '../recording/life.js';
import type { Recorded } from '../recording/read.js';

/** One process in one of the given paths: what is joined with others. */
export interface Witness {
  /** Place of its path on the command line. */
  readonly order: number;
  readonly path: string;
  readonly host: Host | undefined;
  readonly judged: Judged;
  /** The numbers it may have elsewhere. */
  readonly pids: readonly number[];
  readonly comm: string | undefined;
  readonly startTicks: bigint | undefined;
  /** Which exec made it, newest last; empty: not known. */
  readonly programs: readonly Image[];
  readonly life: { readonly of: Recorded; readonly life: Life } | undefined;
  /** When a bundle was read; undefined: it does not say. */
  readonly taken: Instant | undefined;
  readonly criu:
    | {
        readonly logs: PostMortem['logs'];
        readonly process: ImageProcess | undefined;
        /** The task in dump.log. */
        readonly logged: LogProcess | undefined;
        /** When the dump ended: Unix, ns; copying may have made it later. */
        readonly written: bigint | undefined;
        /** The same on the boot clock, ns; copying does not change it. */
        readonly clock: bigint | undefined;
        /** The same by the clock of the tasks' own time namespace. */
        readonly ownClock: bigint | undefined;
        /** The boot clock of the dump or, as far as logs are given, about that: it tells images in order. */
        readonly about: bigint | undefined;
      }
    | undefined;
}

/** Every process of every path, in their order. */
export const witnessesOf = (pieces: readonly Piece[]): readonly Witness[] =>
  pieces.flatMap((piece, order) => {
    const { recorded, criu } = piece;
    const taken = takenOf(piece, pieces);
    if (recorded !== undefined) {
      return recorded.lives.flatMap((life): readonly Witness[] => {
        const judged = stateOf(life) ?? unreadOf(life, recorded.host);
        if (judged === undefined) return [];
        const whose = { of: recorded, life };
        return [{ ...plain(piece, order, judged), comm: life.comm, programs: life.images, life: whose }];
      });
    }
    return piece.judged.map((judged): Witness => {
      const witness = plain(piece, order, judged);
      if (criu === undefined) return { ...witness, taken };
      const { pid } = judged.evidence.process;
      const process = criu.set.processes.find((one) => one.pid === pid);
      const logged = loggedTask(criu.logs.dump, pid);
      const restored = criu.logs.restore && restoredAs(criu.logs.restore, pid);
      // The number inside a container is nobody's number outside, where a restore gives a new one.
      return {
        ...witness,
        pids: [...new Set([logged?.realPid ?? pid, restored ?? []].flat())],
        comm: witness.comm ?? logged?.comm,
        criu: { logs: criu.logs, process, logged, ...timesOf(criu.set) },
      };
    });
  });

const timesOf = ({ written, clock, ownClock }: ImageSet) => ({ written, clock, ownClock, about: clock });

/**
 * The boot clock tells it best, as long as others of the same boot tell its time of day: a shell knows whole seconds of
 * that, and it may have been set meanwhile.
 */
const takenOf = ({ taken, host }: Piece, pieces: readonly Piece[]): Instant | undefined => {
  if (taken === undefined) return undefined;
  const { at } = taken.from;
  const isOfBoot = (one: Piece): boolean => host?.bootId !== undefined && one.host?.bootId === host.bootId;
  const recorded = pieces.find((one) => one.recorded !== undefined && isOfBoot(one))?.recorded;
  if (recorded !== undefined) return { at, time: at + recorded.offset };
  const other = pieces.find((one) => one.taken?.from.time !== undefined && isOfBoot(one))?.taken?.from ?? taken.from;
  return other.time === undefined ? undefined : { at, time: other.time - other.at + at };
};

const plain = ({ input, host }: Piece, order: number, judged: Judged): Witness => {
  const { process, auxv } = judged.evidence;
  const program = imageOf(auxv);
  return {
    order,
    path: input.path,
    host: judged.evidence.host ?? host,
    judged,
    pids: [process.pid],
    comm: process.comm,
    startTicks: process.startTicks,
    programs: program === undefined ? [] : [program],
    life: undefined,
    taken: undefined,
    criu: undefined,
  };
};

const loggedTask = (log: CriuLog | undefined, pid: number): LogProcess | undefined =>
  log?.processes.find((task) => task.pid === pid);

/** Which of two images was made first, by their clocks, else and of copies by their files; 0: unknown. */
export const byMaking = ({ criu: one }: Witness, { criu: other }: Witness): number => {
  if (one?.about !== undefined && other?.about !== undefined && one.about !== other.about)
    return ascending(one.about, other.about);
  return one?.written === undefined || other?.written === undefined ? 0 : ascending(one.written, other.written);
};

/** The images have nothing where its vDSO was read: it was moved, or unmapped, and not read again before the dump. */
export const wasMovedSince = ({ verdict }: Witness['judged'], image: Witness | undefined): boolean => {
  const areas = image?.criu?.process?.areas;
  const start = verdict.vdso?.start;
  if (areas === undefined || start === undefined || isProxied(verdict)) return false;
  return !areas.some((area) => area.start === start);
};
