import { ownImage } from '../census/host-images.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import { threadAmong } from '../proc/leader.js';
import { noProcess } from '../proc/no-process.js';
import { readProcess } from '../proc/process.js';
import { isGone, NOT_READABLE } from '../proc/unread.js';
import { type Piece, readPiece, stateOf } from './piece.js';
import { recognise } from './recognise.js';
import type { Life } from './recording/life.js';

/**
 * What `diff` compares: everything `analyze` reads, or a live process by its pid. Of a recording the newest state of
 * each process; `first`: the state in which it was met.
 */
export const readMoment = async (
  argument: string,
  criu: string,
  first = false,
): Promise<Outcome<Pick<Piece, 'judged' | 'problems' | 'partial'>>> => {
  if (/^\d+$/.test(argument)) return liveMoment(Number(argument), criu);
  const input = recognise(argument);
  if (!input.ok) return input;
  const piece = await readPiece(input.value, { criu });
  if (!piece.ok || piece.value.recorded === undefined) return piece;
  // A pid may have had several owners, a restored process among them: the first and the last of them.
  const { lives } = piece.value.recorded;
  const owners = new Map((first ? [...lives].reverse() : lives).map((life) => [life.pid, life]));
  const judged = [...owners.values()].flatMap((life) => (first ? firstOf(life) : stateOf(life)) ?? []);
  return success({ ...piece.value, judged });
};

const firstOf = (life: Life): Judged | undefined => stateOf({ ...life, state: life.first });

const liveMoment = (pid: number, criu: string): Outcome<Pick<Piece, 'judged' | 'problems' | 'partial'>> => {
  const thread = threadAmong([pid]);
  if (thread !== undefined) return failed(thread);
  const evidence = readProcess(pid, 'full', { bytes: true });
  if (evidence.vmas === undefined) {
    return failed(
      isGone(evidence)
        ? noProcess(pid)
        : failure('no-privilege', `Process ${pid} may not be read by this user.`, NOT_READABLE),
    );
  }
  const verdict = judge(evidence);
  const judged: Judged = { evidence, verdict, forecast: forecast(evidence, verdict, criu, ownImage()) };
  return success({ judged: [judged], problems: [] });
};
