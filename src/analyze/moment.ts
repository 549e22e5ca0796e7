import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { readProcess } from '../proc/process.js';
import { isGone } from '../proc/sweep.js';
import { NOT_READABLE } from '../proc/unread.js';
import type { Judged } from '../report/process.js';
import { type Piece, readPiece } from './piece.js';
import { recognise } from './recognise.js';

/** What `diff` compares: everything `analyze` reads, or a live process by its pid. */
export const readMoment = async (
  argument: string,
  criu: string,
): Promise<Outcome<Pick<Piece, 'judged' | 'problems'>>> => {
  if (/^\d+$/.test(argument)) return liveMoment(Number(argument), criu);
  const input = recognise(argument);
  return input.ok ? await readPiece(input.value, { criu }) : input;
};

const liveMoment = (pid: number, criu: string): Outcome<Pick<Piece, 'judged' | 'problems'>> => {
  const evidence = readProcess(pid, 'full', { bytes: true });
  if (evidence.vmas === undefined) {
    return failed(
      isGone(evidence)
        ? failure('no-process', `There is no process ${pid}.`, 'See `ps -e` for those there are.')
        : failure('no-privilege', `Process ${pid} may not be read by this user.`, NOT_READABLE),
    );
  }
  const verdict = judge(evidence);
  const judged: Judged = { evidence, verdict, forecast: forecast(evidence, verdict, criu) };
  return success({ judged: [judged], problems: [] });
};
