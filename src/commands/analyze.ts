import { open, stat, writeFile } from 'node:fs/promises';
import { chaptersOf, hostProblems } from '../analyze/join/chapters.js';
import { once } from '../analyze/once.js';
import { logPieces, type Piece, type PieceOptions, readPiece } from '../analyze/piece.js';
import { type Input, recognise } from '../analyze/recognise.js';
import type { Life } from '../analyze/recording/life.js';
import type { LooseLog } from '../criu/logs-beside.js';
import { isWell } from '../judge/well.js';
import type { Chapter } from '../model/chapter.js';
import type { Target } from '../model/doctor-schema.js';
import type { Host } from '../model/evidence.js';
import { codeOf, EXIT, type Failure, failure, type Outcome, success } from '../model/failure.js';
import { chaptersReport } from '../report/chapter-report.js';
import { complain, say } from '../report/complain.js';
import type { page } from '../report/html/page.js';
import type { OutputFormat } from '../report/output.js';
import { printChapters } from '../report/print-chapters.js';
import { progressBar } from '../report/progress.js';
import { escapeText } from '../text/escape.js';
import { sayIfNewer } from './limits.js';

export interface AnalyzeOptions {
  readonly output: OutputFormat;
  readonly criu: string;
  /** What `doctor --json` printed on the host to restore on; "this": this host. */
  readonly target?: string | undefined;
  /** Where to write the report page as well. */
  readonly html?: string | undefined;
}

/** `vdsowatch analyze PATH...`: post-mortem of bundles, CRIU images, recordings and core files, in any mix. */
export const run = async (given: readonly string[], options: AnalyzeOptions): Promise<number> => {
  const target = options.target === undefined ? undefined : await readHost(options.target);
  if (target?.ok === false) {
    complain(target.failure);
    return EXIT.cannotRun;
  }
  sayIfNewer(options.criu);
  const problems: Failure[] = [];
  const { paths, repeated } = await once(given);
  for (const { path, of, why } of repeated) {
    const what = why === 'part' ? `a part of ${escapeText(of)}, which is` : `what ${escapeText(of)} is, and`;
    say(`${escapeText(path)} is ${what} read once.`);
  }
  const { pieces, lost } = await readPieces(paths, { criu: options.criu, target: target?.value }, problems);
  if (target !== undefined && pieces.length > 0 && pieces.every(({ criu }) => criu === undefined))
    say('--target is asked about CRIU images, and none are given: it changes nothing.');
  const chapters = chaptersOf(pieces, { forTarget: target !== undefined });
  const mixed = hostProblems(pieces);
  problems.push(...mixed);
  const host: Host | undefined = mixed.length > 0 ? undefined : pieces.find((piece) => piece.host !== undefined)?.host;
  const failed = options.html === undefined ? undefined : await writePage(options.html, host, chapters, problems);
  if (failed !== undefined) problems.push(failed);
  printChapters(chaptersReport(host, chapters, problems), chapters, options.output);
  // What could not be read may hold anything: not all is well then.
  if (lost > 0 || pieces.some(({ partial }) => partial === true) || failed !== undefined) return EXIT.cannotRun;
  return chapters.every(isWellThroughout) ? EXIT.well : EXIT.notWell;
};

/** Something was learned from it, if only that there is nothing to complain of. */
const isTelling = ({ judged, problems }: Piece): boolean =>
  problems.length === 0 ||
  judged.some(({ evidence, verdict }) => evidence.vmas !== undefined || verdict.findings.length > 0);

/**
 * Logs first, because images want those that do not lie beside them; recordings last: what the other paths are about is
 * then kept of them, whatever is said of it. `lost`: paths of which nothing was learned.
 */
const readPieces = async (
  paths: readonly string[],
  options: PieceOptions,
  problems: Failure[],
): Promise<{ readonly pieces: readonly Piece[]; readonly lost: number }> => {
  const inputs = paths.map((path, order) => ({ order, input: recognise(path) }));
  if (inputs.some(isRecording)) (await import('../pipeline/heap.js')).keepHeapSmall('one run');
  const read: { readonly order: number; readonly piece: Piece }[] = [];
  const heard = new Set<number>();
  const keep = (order: number, piece: Piece): void => {
    read.push({ order, piece });
    problems.push(...piece.problems);
    if (isTelling(piece)) heard.add(order);
  };
  const take = async ({ order, input }: (typeof inputs)[number], more: Partial<PieceOptions> = {}): Promise<void> => {
    const piece = input.ok ? await readPiece(input.value, { ...options, ...more }) : input;
    if (piece.ok) keep(order, piece.value);
    else problems.push(piece.failure);
  };
  const loose = await readLoose(inputs, problems);
  const logs = [...loose.keys()];
  for (const one of inputs) if (!isRecording(one) && !isLog(one)) await take(one, { loose: logs });
  const taken = new Set(read.flatMap(({ piece }) => [piece.criu?.logs.dump, piece.criu?.logs.restore]));
  for (const one of logs.filter(({ log }) => taken.has(log))) {
    problems.push(...one.problems);
    heard.add(loose.get(one) ?? 0);
  }
  const left = logs.filter(({ log }) => !taken.has(log));
  for (const { logs: together, piece } of left.length === 0 ? [] : await logPieces(left, options)) {
    const [first, ...more] = together.map((one) => loose.get(one) ?? 0);
    keep(first ?? 0, piece);
    for (const order of more) if (heard.has(first ?? 0)) heard.add(order);
  }
  const wanted = wantedBy(read.map(({ piece }) => piece));
  for (const one of inputs) {
    if (!isRecording(one)) continue;
    const bar = progressBar(process.stderr, one.input.ok ? one.input.value.path : '');
    await take(one, { wanted, progress: bar.show });
    bar.clear();
  }
  const pieces = read.sort((one, other) => one.order - other.order).map(({ piece }) => piece);
  return { pieces, lost: paths.length - heard.size };
};

/** With the place of their path on the command line. */
const readLoose = async (
  inputs: readonly { readonly order: number; readonly input: Outcome<Input> }[],
  problems: Failure[],
): Promise<ReadonlyMap<LooseLog, number>> => {
  const found = new Map<LooseLog, number>();
  for (const { order, input } of inputs) {
    const path = input.ok ? logsOf(input.value) : undefined;
    if (path === undefined) continue;
    const { readLooseLogs } = await import('../criu/loose-logs.js');
    const read = await readLooseLogs(path);
    if (read.ok) for (const log of read.value) found.set(log, order);
    else problems.push(read.failure);
  }
  return found;
};

const logsOf = (input: Input): string | undefined => {
  if (input.kind === 'log') return input.path;
  return input.kind === 'criu-image' ? input.logs : undefined;
};

const isLog = ({ input }: { readonly input: Outcome<Input> }): boolean => input.ok && input.value.kind === 'log';

const isRecording = ({ input }: { readonly input: Outcome<Input> }): boolean =>
  input.ok && input.value.kind === 'recording';

/** Processes of the other paths, by pid; and any of the same name, whose pid in an image is that of a container. */
const wantedBy = (pieces: readonly Piece[]): ((life: Life) => boolean) => {
  const processes = pieces.flatMap(({ judged }) => judged.map(({ evidence }) => evidence.process));
  const pids = new Set<number>(processes.map(({ pid }) => pid));
  for (const { criu } of pieces) for (const { realPid } of criu?.logs.dump?.processes ?? []) pids.add(realPid);
  const names = new Set(processes.map(({ comm }) => comm));
  return ({ pid, comm }) => pids.has(pid) || names.has(comm);
};

/** Also after a restore, and where it crashed. */
const isWellThroughout = ({ main, moments }: Chapter): boolean =>
  isWell(main) && moments.every(({ judged: { evidence, verdict } }) => isWell({ evidence, verdict }));

const readHost = async (file: string): Promise<Outcome<Target>> => {
  if (file !== 'this') return (await import('../criu/target-file.js')).readTargetFile(file);
  const [{ readTarget }, { readLocalHost }] = await Promise.all([
    import('../doctor/target.js'),
    import('../proc/host.js'),
  ]);
  return success(await readTarget(readLocalHost(), []));
};

const writePage = async (path: string, ...parts: Parameters<typeof page>): Promise<Failure | undefined> => {
  const html = await import('../report/html/page.js');
  try {
    if (await holdsSomethingElse(path))
      return failure(
        'cannot-write',
        `${escapeText(path)} is there and is no page, so it is not written over.`,
        'Give another name, or remove it first.',
      );
    await writeFile(path, html.page(...parts), { mode: 0o600 });
    return undefined;
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    const mend = 'Give a path in a directory that exists and has room.';
    return failure('cannot-write', `${escapeText(path)} cannot be written (${code}).`, mend, error);
  }
};

/** `--html *.gz` names a recording: a page is written over a page alone. */
const holdsSomethingElse = async (path: string): Promise<boolean> => {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined || !entry.isFile() || entry.size === 0) return false;
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PAGE.length), 0, PAGE.length, 0);
    return buffer.toString('latin1', 0, bytesRead) !== PAGE;
  } finally {
    await file.close();
  }
};

const PAGE = '<!DOCTYPE html>';
