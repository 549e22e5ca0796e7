import type { Target } from '../doctor/schema.js';
import { forecast } from '../judge/forecast.js';
import { judge } from '../judge/judge.js';
import type { Evidence, Host } from '../model/evidence.js';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import type { Judged } from '../report/process.js';
import type { Input } from './recognise.js';

/** What one path given to `analyze` or `diff` turned out to hold, judged. */
export interface Piece {
  readonly input: Input;
  readonly host: Host | undefined;
  readonly judged: readonly Judged[];
  /** What could not be read of it; the rest is still judged. */
  readonly problems: readonly Failure[];
}

/**
 * Reads one recognised path and judges every process in it, with the forecast for that CRIU version; for images, on
 * `target` when it is given.
 */
export const readPiece = async (input: Input, criu: string, target?: Target): Promise<Outcome<Piece>> => {
  switch (input.kind) {
    case 'bundle':
      return await bundlePiece(input, criu);
    case 'core':
      return await corePiece(input);
    case 'criu-image':
    case 'log':
      return await criuPiece(input, criu, target);
    default:
      return failed(failure('bad-input', `Reading a ${input.kind} is not built yet.`));
  }
};

const bundlePiece = async (input: Input, criu: string): Promise<Outcome<Piece>> => {
  const { readBundle } = await import('../bundle/read.js');
  const bundle = await readBundle(input.path);
  if (!bundle.ok) return bundle;
  const { host, processes, warnings } = bundle.value;
  return success({
    input,
    host,
    judged: processes.map((evidence) => judged(evidence, criu)),
    problems: warnings.map((text) => failure('bad-input', text)),
  });
};

const judged = (evidence: Evidence, criu: string): Judged => {
  const verdict = judge(evidence);
  return { evidence, verdict, forecast: forecast(evidence, verdict, criu) };
};

/** CRIU images and their logs. A dumped vDSO is held against those of this host, in case it is of the same kernel. */
const criuPiece = async (input: Input, criu: string, target: Target | undefined): Promise<Outcome<Piece>> => {
  const { readLogPostMortem, readPostMortem } = await import('../criu/post-mortem.js');
  const { hostImages } = await import('../criu/own-vdso.js');
  const context = { criu, pristine: hostImages, target };
  const images = await (input.kind === 'log' ? readLogPostMortem : readPostMortem)(input.path, context);
  if (!images.ok) return images;
  const { host, judged, problems } = images.value;
  return success({ input, host, judged, problems });
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
    problems: evidence.unread.map(({ detail }) => failure('bad-input', detail)),
  });
};
