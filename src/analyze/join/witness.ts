import type { ImageProcess } from '../../criu/image-set.js';
import type { CriuLog, LogProcess } from '../../criu/log/log.js';
import type { PostMortem } from '../../criu/post-mortem.js';
import type { Host } from '../../model/evidence.js';
import type { Judged } from '../../model/judged.js';
import { type Image, imageOf } from '../../pipeline/image.js';
import { type Piece, stateOf, unreadOf } from '../piece.js';
import type { Life } from '../recording/life.js';
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
      }
    | undefined;
}

/** Every process of every path, in their order. */
export const witnessesOf = (pieces: readonly Piece[]): readonly Witness[] =>
  pieces.flatMap((piece, order) => {
    const { recorded, criu } = piece;
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
      if (criu === undefined) return witness;
      const { pid } = judged.evidence.process;
      const process = criu.set.processes.find((one) => one.pid === pid);
      const logged = loggedTask(criu.logs.dump, pid);
      // The number inside a container is nobody's number outside.
      return {
        ...witness,
        pids: logged === undefined ? [pid] : [logged.realPid],
        comm: witness.comm ?? logged?.comm,
        criu: { logs: criu.logs, process, logged, written: criu.set.written, clock: criu.set.clock },
      };
    });
  });

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
    criu: undefined,
  };
};

const loggedTask = (log: CriuLog | undefined, pid: number): LogProcess | undefined =>
  log?.processes.find((task) => task.pid === pid);
