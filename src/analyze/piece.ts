import type { Taken } from '../bundle/taken.js';
import type { LooseLog } from '../criu/logs-beside.js';
import type { PostMortem } from '../criu/post-mortem.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import type { Target } from '../model/doctor-schema.js';
import type { Evidence, Host, Unread } from '../model/evidence.js';
import { type Failure, failure, type Outcome, success } from '../model/failure.js';
import type { Judged } from '../model/judged.js';
import { bareEvidence, factsOf } from '../proc/unread.js';
import { escapeText } from '../text/escape.js';
import type { Progress } from '../trace/replay.js';
import type { Input } from './recognise.js';
import type { Life } from './recording/life.js';
import type { Recorded } from './recording/read.js';

/** What one path given to `analyze` or `diff` turned out to hold, judged. */
export interface Piece {
  readonly input: Input;
  readonly host: Host | undefined;
  readonly judged: readonly Judged[];
  /** What could not be read of it; the rest is still judged. */
  readonly problems: readonly Failure[];
  /** Something of it that may hold anything could not be read: not all is well then, whatever the rest says. */
  readonly partial?: boolean | undefined;
  /** Of a bundle that says when it was read. */
  readonly taken?: Taken | undefined;
  /** Of CRIU images and logs. */
  readonly criu?: Pick<PostMortem, 'set' | 'logs'> | undefined;
  /** Of a recording: `judged` are the newest states of these lives that have one, in their order. */
  readonly recorded?: Recorded | undefined;
}

export interface PieceOptions {
  /** CRIU version the forecasts are for. */
  readonly criu: string;
  /** The host to restore images on; without it, the kernel of the dump is meant. */
  readonly target?: Target | undefined;
  /** Of a recording: processes to keep, whatever is said of them. */
  readonly wanted?: ((life: Life) => boolean) | undefined;
  readonly progress?: Progress | undefined;
  /** For images: logs that were given by themselves. */
  readonly loose?: readonly LooseLog[] | undefined;
}

/** Reads one recognised path and judges every process in it. */
export const readPiece = async (input: Input, options: PieceOptions): Promise<Outcome<Piece>> => {
  switch (input.kind) {
    case 'bundle':
      return await bundlePiece(input, options);
    case 'core':
      return await corePiece(input);
    case 'criu-image':
      return await criuPiece(input, options);
    case 'log':
      return await logPiece(input, options);
    case 'recording':
      return await recordingPiece(input, options);
  }
};

const bundlePiece = async (input: Input, { criu }: PieceOptions): Promise<Outcome<Piece>> => {
  const { readBundle } = await import('../bundle/read.js');
  const bundle = await readBundle(input.path);
  if (!bundle.ok) return bundle;
  const { host, processes, problems, taken } = bundle.value;
  return success({
    input,
    host,
    judged: processes.map((evidence) => judged(evidence, criu)),
    taken,
    problems,
    partial: problems.length > 0,
  });
};

const judged = (evidence: Evidence, criu: string): Judged => {
  const verdict = judge(evidence);
  return { evidence, verdict, forecast: forecast(evidence, verdict, criu) };
};

/** CRIU images and their logs. A dumped vDSO is held against those of this host, in case it is of the same kernel. */
const criuPiece = async (input: Input, { criu, target, loose }: PieceOptions): Promise<Outcome<Piece>> => {
  const { readPostMortem } = await import('../criu/post-mortem.js');
  const { hostImages } = await import('../census/host-images.js');
  const images = await readPostMortem(input.path, { criu, pristine: hostImages, target, loose });
  return images.ok ? success(pieceOf(input, images.value)) : images;
};

const pieceOf = (input: Input, { host, judged, problems, partial, set, logs }: PostMortem): Piece => ({
  input,
  host,
  judged,
  problems,
  partial,
  criu: { set, logs },
});

const logPiece = async (input: Input, { criu }: PieceOptions): Promise<Outcome<Piece>> => {
  const { readLogPostMortem } = await import('../criu/post-mortem.js');
  const read = await readLogPostMortem(input.path, { criu });
  return read.ok ? success(pieceOf(input, read.value)) : read;
};

/** Logs of which no images were given, a dump and its restore together. */
export const logPieces = async (
  loose: readonly LooseLog[],
  { criu }: PieceOptions,
): Promise<readonly { readonly logs: readonly LooseLog[]; readonly piece: Piece }[]> => {
  const [{ judgeLogs }, { pairedLogs }] = await Promise.all([
    import('../criu/post-mortem.js'),
    import('../criu/loose-logs.js'),
  ]);
  return pairedLogs(loose).map((logs) => ({
    logs,
    piece: pieceOf({ kind: 'log', path: logs[0]?.path ?? '' }, judgeLogs(logs, { criu })),
  }));
};

/** A core file is of a process that is gone: there is nothing to dump, so nothing to forecast. */
const corePiece = async (input: Input): Promise<Outcome<Piece>> => {
  const [{ readCore }, { crashFinding }] = await Promise.all([import('../core/read.js'), import('../core/crash.js')]);
  const core = await readCore(input.path);
  if (!core.ok) return core;
  const { evidence } = core.value;
  const verdict = judge(evidence);
  const crash = crashFinding(core.value, verdict);
  const findings = crash === undefined ? verdict.findings : [crash, ...verdict.findings];
  return success({
    input,
    host: evidence.host,
    judged: [{ evidence, verdict: { ...verdict, findings } }],
    problems: cutShort(input.path, evidence.unread),
    partial: evidence.unread.length > 0,
  });
};

/** One sentence: a core that the limit of its size ended lacks segments by the hundred. */
const cutShort = (path: string, [first, ...more]: readonly Unread[]): readonly Failure[] => {
  if (first === undefined) return [];
  const others =
    more.length === 0 ? '' : more.length === 1 ? ', and so is one more' : `, and so are ${more.length} more`;
  const text = `${escapeText(path)} is cut short: ${first.detail}${others}.`;
  return [failure('bad-input', text, 'Copy it again, or let it be written whole: ulimit -c unlimited.')];
};

const recordingPiece = async (input: Input, options: PieceOptions): Promise<Outcome<Piece>> => {
  const { readRecorded } = await import('./recording/read.js');
  const { criu, wanted = () => false, progress } = options;
  const recorded = await readRecorded(input.path, { criu, wanted, progress });
  if (!recorded.ok) return recorded;
  const { host, lives, problems, partial } = recorded.value;
  return success({
    input,
    host,
    judged: lives.flatMap((life) => stateOf(life) ?? []),
    problems,
    partial,
    recorded: recorded.value,
  });
};

/** The newest state of a recorded process, as of any other source; undefined: it was never read. */
export const stateOf = ({ state, lines }: Life): Judged | undefined =>
  state && {
    evidence: { ...state.evidence, source: 'recording' },
    verdict: state.verdict,
    forecast: state.forecast,
    history: lines.map(({ line }) => line),
  };

/** One that moved or unmapped its vDSO and ended before it could be read; undefined: there is nothing to tell of it. */
export const unreadOf = (life: Life, host: Host): Judged | undefined => {
  if (!life.remarkable || life.deeds.length === 0) return undefined;
  return notRead(life, host, { what: 'maps', why: 'gone', detail: 'it ended before it was read' });
};

/** One of which no reading is known; `why` says so. */
export const notRead = ({ pid, comm, deeds, lines }: Life, host: Host, why: Unread): Judged => {
  const facts = { ...factsOf(pid, undefined, 0n), comm };
  const evidence: Evidence = {
    ...bareEvidence(host, facts, deeds.at(-1)?.at ?? 0n, undefined, [why]),
    source: 'recording',
  };
  return { evidence, verdict: judge(evidence), forecast: undefined, history: lines.map(({ line }) => line) };
};
