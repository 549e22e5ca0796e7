import { writeFile } from 'node:fs/promises';
import { type Piece, readPiece } from '../analyze/piece.js';
import { recognise } from '../analyze/recognise.js';
import type { Target } from '../doctor/schema.js';
import { EXIT, type Failure, failure, type Outcome, success } from '../model/failure.js';
import { complain } from '../report/complain.js';
import type { OutputFormat } from '../report/format.js';
import type { Chapter } from '../report/html/page.js';
import { printReport } from '../report/print.js';
import { reportOf } from '../report/process.js';
import { isWell } from '../report/well.js';
import { escapeText } from '../text/escape.js';

export interface AnalyzeOptions {
  readonly output: OutputFormat;
  readonly criu: string;
  /** What `doctor --json` printed on the host to restore on; "this": this host. */
  readonly target?: string | undefined;
  /** Where to write the report page as well. */
  readonly html?: string | undefined;
}

/** `vdsowatch analyze PATH...`: post-mortem of bundles, CRIU images, recordings and core files, in any mix. */
export const run = async (paths: readonly string[], options: AnalyzeOptions): Promise<number> => {
  const pieces: Piece[] = [];
  const problems: Failure[] = [];
  const target = options.target === undefined ? undefined : await readHost(options.target);
  if (target?.ok === false) {
    complain(target.failure);
    return EXIT.cannotRun;
  }
  for (const path of paths) {
    const input = recognise(path);
    const piece = input.ok ? await readPiece(input.value, options.criu, target?.value) : input;
    if (piece.ok) {
      pieces.push(piece.value);
      problems.push(...piece.value.problems);
    } else problems.push(piece.failure);
  }
  const judged = pieces.flatMap((piece) => piece.judged);
  const host = pieces.every((piece) => piece.host?.release === pieces[0]?.host?.release) ? pieces[0]?.host : undefined;
  if (options.html !== undefined) {
    const chapters = judged.map((one): Chapter => ({ title: '', before: one, differences: [], logLines: [] }));
    const { page } = await import('../report/html/page.js');
    const failed = await writePage(options.html, page(host, chapters, problems));
    if (failed !== undefined) problems.push(failed);
  }
  const machine = options.output === 'json' || options.output === 'ndjson';
  const learned = pieces.filter(isTelling);
  if (learned.length > 0 || machine) printReport(reportOf(host, judged, problems), judged, options.output);
  else problems.forEach(complain);
  // An input that could not be read may hold anything: not all is well then.
  if (learned.length < paths.length || problems.some(({ kind }) => kind === 'cannot-write')) return EXIT.cannotRun;
  return judged.every(isWell) ? EXIT.well : EXIT.notWell;
};

/** Something was learned from it, if only that there is nothing to complain of. */
const isTelling = ({ judged, problems }: Piece): boolean =>
  problems.length === 0 ||
  judged.some(({ evidence, verdict }) => evidence.vmas !== undefined || verdict.findings.length > 0);

const readHost = async (file: string): Promise<Outcome<Target>> => {
  if (file !== 'this') return (await import('../criu/target-file.js')).readTargetFile(file);
  const [{ readTarget }, { readLocalHost }] = await Promise.all([
    import('../doctor/target.js'),
    import('../proc/host.js'),
  ]);
  return success(await readTarget(readLocalHost(), []));
};

const writePage = async (path: string, text: string): Promise<Failure | undefined> => {
  try {
    await writeFile(path, text, { mode: 0o600 });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const mend = 'Give a path in a directory that exists and has room.';
    return failure('cannot-write', `${escapeText(path)} cannot be written (${code}).`, mend, error);
  }
};
