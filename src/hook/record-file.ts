import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { judge } from '../judge/judge.js';
import type { Evidence } from '../model/evidence.js';
import type { Failure } from '../model/failure.js';
import type { HistoryLine } from '../model/state.js';
import { judged } from '../pipeline/judged.js';
import { closeFrame, openLedger } from '../pipeline/ledger.js';
import type { Observation } from '../pipeline/observation.js';
import { step } from '../pipeline/step.js';
import { appendFile, cannotWrite } from '../trace/create-file.js';
import { openDecoder } from '../trace/decoder.js';
import { openEncoder } from '../trace/encoder.js';
import type { Header, Hook } from '../trace/format.js';
import { openTrace } from '../trace/read-file.js';

/** The recording beside the images: every hook adds to it. */
export const tracePath = (images: string): string => join(images, 'vdsowatch-trace.ndjson');

/** What earlier hooks have left in it. */
export interface Earlier {
  readonly header: Header | undefined;
  /** The newest post-dump: the tree exactly as it was dumped. */
  readonly dumped: readonly Evidence[];
  /** Version of the CRIU that dumped, as that hook knew it. */
  readonly criu: string | undefined;
  /** It ends within a line. */
  readonly torn: boolean;
}

/** What earlier hooks of this dump wrote there; nothing where there is no file, or none that can be read. */
export const readEarlier = async (path: string): Promise<Earlier> => {
  let earlier: Earlier = { header: undefined, dumped: [], criu: undefined, torn: false };
  let newest: readonly Observation[] = [];
  const file = await openTrace(path);
  if (!file.ok) return earlier;
  for await (const items of file.value.items(openDecoder()))
    for (const item of items) {
      if (item.kind === 'header') earlier = { ...earlier, header: item.header };
      if (item.kind === 'damage') earlier = { ...earlier, torn: item.damage.torn };
      if (item.kind === 'frame') newest = item.frame.content;
      if (item.kind === 'hook') earlier = { ...earlier, ...left(item.hook, newest) };
    }
  return earlier;
};

const left = ({ action, criu }: Hook, observations: readonly Observation[]): Partial<Earlier> => ({
  criu: criu ?? undefined,
  ...(action === 'post-dump'
    ? { dumped: observations.flatMap((one) => (one.kind === 'snapshot' ? [one.evidence] : [])) }
    : {}),
});

/** What one hook adds. */
export interface Addition {
  readonly header: Omit<Header, 'record' | 'session' | 'part'>;
  readonly observations: readonly Observation[];
  /** Boot clock, and time of day minus boot clock, ns. */
  readonly at: bigint;
  readonly offset: bigint;
  readonly hook: Omit<Hook, 'record'>;
}

/** Adds to the recording, which becomes one run with what the same boot has added before. Undefined: done. */
export const addToFile = async (path: string, { header, ...addition }: Addition, earlier: Earlier) => {
  const { header: former, torn } = earlier;
  const isSameRun = former !== undefined && former.bootId !== null && former.bootId === header.bootId;
  const run = isSameRun ? { session: former.session, part: former.part + 1 } : { session: randomUUID(), part: 0 };
  const encoder = openEncoder();
  const text = [
    // What was begun is closed, so that the check sum of what follows is not about it.
    torn ? '\n{"record":"check"}\n' : '',
    encoder.header({ ...header, ...run }),
    encoder.frame({ ...addition, lines: linesOf(addition.observations) }),
    encoder.hook(addition.hook),
  ].join('');
  return await append(path, text);
};

/** What is said of a tree that is seen for the first time. */
const linesOf = (observations: readonly Observation[]): readonly HistoryLine[] => {
  const ledger = step(openLedger({ name: '', release: '', machine: '', privileged: true }), observations);
  return closeFrame(judged(judge)(ledger)).lines;
};

const append = async (path: string, text: string): Promise<Failure | undefined> => {
  const file = await appendFile(path);
  if (!file.ok) return file.failure;
  try {
    await file.value.appendFile(text, 'latin1');
    await file.value.datasync();
    return undefined;
  } catch (error) {
    return cannotWrite(path, error);
  } finally {
    await file.value.close();
  }
};
