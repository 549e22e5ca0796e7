import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { readProcess } from '../proc/process.js';
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
  return input.ok ? await readPiece(input.value, criu) : input;
};

const liveMoment = (pid: number, criu: string): Outcome<Pick<Piece, 'judged' | 'problems'>> => {
  const evidence = readProcess(pid, 'full', { bytes: true });
  if (evidence.vmas === undefined) {
    return failed(
      failure('no-process', `Process ${pid} is not there or may not be read.`, 'Check the pid, and run as root.'),
    );
  }
  const verdict = judge(evidence);
  const judged: Judged = { evidence, verdict, forecast: forecast(evidence, verdict, criu) };
  return success({ judged: [judged], problems: [] });
};
