import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { chaptersOf } from '../../src/analyze/join/chapters.js';
import type { Piece } from '../../src/analyze/piece.js';
import type { LogFinding } from '../../src/criu/log/log.js';
import type { Chapter } from '../../src/model/chapter.js';
import type { Event } from '../../src/model/event.js';
import type { Observation, Snapshot } from '../../src/pipeline/observation.js';
import { HOST } from '../pipeline/build.js';
import { readCorpus, readPath } from './pieces.js';
import { at, fileWith, frames, OFFSET, recordingOf, traced } from './recordings.js';

export interface Images {
  readonly piece: Piece;
  readonly pid: number;
  /** Where its vDSO is, and where its exec had put it. */
  readonly place: bigint;
  readonly auxv: bigint;
}

interface Made {
  /** Boot clock of the dump, ms of the recordings; undefined: the images do not tell. */
  readonly clock?: number;
  /** When they were written, or copied; undefined: not known. */
  readonly written?: number;
  /** The same by the clock of the time namespace that a restore had given the tasks. */
  readonly ownClock?: number;
  /** What the log of a restore from them says it added to that clock, ms. */
  readonly shift?: number;
  /** When that log was written. */
  readonly logged?: number;
  /** Where they have the vDSO, instead of where the dumped process had it. */
  readonly at?: bigint;
}

/** Of a process whose vDSO had been moved, as if made on the machine of the recordings. */
export const images = async (made: Made = {}): Promise<Images> => {
  const found = await movedBlock();
  const { at: to = found.place } = made;
  return { ...found, piece: dated(moveAll(found.piece, found.place, to), made), place: to };
};

const dated = (piece: Piece, { clock, ownClock, written, shift, logged }: Made): Piece => {
  if (piece.criu === undefined) return piece;
  const { set, logs } = piece.criu;
  const times = {
    clock: clock === undefined ? undefined : at(clock),
    ownClock: ownClock === undefined ? undefined : at(ownClock),
    written: written === undefined ? set.written : at(written) + OFFSET,
  };
  const restore = logs.restore && {
    ...logs.restore,
    release: HOST.release,
    written: logged === undefined ? undefined : at(logged) + OFFSET,
  };
  return shifted({ ...piece, criu: { set: { ...set, ...times }, logs: { ...logs, restore } } }, shift);
};

/** With a restore log that says it added so many ms to the clock of its images; undefined: it does not say. */
export const shifted = (piece: Piece, shift: number | undefined): Piece => {
  const { criu } = piece;
  const restore = criu?.logs.restore;
  if (criu === undefined || restore === undefined) return piece;
  const others = restore.findings.filter(({ code }) => code !== 'boot-clock');
  const findings = shift === undefined ? others : [...others, shiftLine(shift)];
  return { ...piece, criu: { ...criu, logs: { ...criu.logs, restore: { ...restore, findings } } } };
};

const shiftLine = (shift: number): LogFinding => {
  const seconds = Math.floor(shift / 1000);
  const values = [`${seconds}`, `${(shift - seconds * 1000) * 1_000_000}`];
  const said = { text: '', meaning: '', severity: 'info', routine: true } as const;
  return { ...said, line: 1, code: 'boot-clock', pid: undefined, address: undefined, values };
};

/** The vDSO, and its data pages before it, elsewhere. */
const moveAll = <T>(value: T, from: bigint, to: bigint): T => {
  const move = (one: unknown): unknown => {
    if (typeof one === 'bigint') return one >= from - 0x6000n && one <= from + 0x2000n ? one - from + to : one;
    if (one instanceof Map) return new Map([...one].map(([key, held]) => [move(key), move(held)]));
    if (Array.isArray(one)) return one.map(move);
    if (typeof one !== 'object' || one === null || ArrayBuffer.isView(one)) return one;
    return Object.fromEntries(Object.entries(one).map(([key, held]) => [key, move(held)]));
  };
  return from === to ? value : (move(value) as T);
};

const movedBlock = async (): Promise<Images> => {
  const [piece] = await readCorpus('moved-block/img');
  const [judged] = piece?.judged ?? [];
  assert.ok(piece !== undefined && judged?.verdict.vdso);
  const own = piece.judged.map((one) => ({
    ...one,
    evidence: { ...one.evidence, host: { ...one.evidence.host, release: HOST.release } },
  }));
  const auxv = judged.evidence.auxv?.entries.get(33);
  assert.ok(auxv !== undefined);
  return {
    piece: {
      ...piece,
      judged: own,
      criu: piece.criu && { ...piece.criu, set: { ...piece.criu.set, clock: undefined } },
    },
    pid: judged.evidence.process.pid,
    place: judged.verdict.vdso.start,
    auxv,
  };
};

/** A recording of a traced machine. */
export const recorded = async (context: TestContext, ...list: readonly (Event | Observation)[]): Promise<Piece> =>
  await readPath(fileWith(context, recordingOf(frames(traced, ...list))));

/** The chapters of one pid. */
export const chapters = (pieces: readonly Piece[], pid: number): readonly Chapter[] =>
  chaptersOf(pieces).filter(({ main }) => main.evidence.process.pid === pid);

/** The one chapter of the dumped process, as a recording and its images tell it together. */
export const tell = async (
  context: TestContext,
  list: readonly (Event | Observation)[],
  { piece, pid }: Images,
): Promise<Chapter> => {
  const found = chapters([await recorded(context, ...list), piece], pid);
  const [chapter] = found;
  assert.ok(chapter !== undefined && found.length === 1);
  return chapter;
};

export const places = ({ moments }: Chapter) => moments.map(({ role, judged }) => [role, judged.verdict.vdso?.start]);

interface Read {
  /** When it was read, ms of the recordings; undefined: it does not say. */
  readonly ms: number | undefined;
  readonly boot?: string;
}

/** What `capture` wrote of a process at that time. */
export const bundleOf = async (context: TestContext, seen: Snapshot, { ms, boot }: Read): Promise<Piece> => {
  const read = await recorded(context, seen);
  const own = boot === undefined ? {} : { bootId: boot };
  const stamp = ms === undefined ? undefined : { at: at(ms), time: at(ms) + OFFSET };
  return {
    ...read,
    input: { kind: 'bundle', path: 'bundle' },
    host: read.host && { ...read.host, ...own },
    judged: read.judged.map((one) => ({
      ...one,
      evidence: { ...one.evidence, source: 'bundle', host: { ...one.evidence.host, ...own } },
    })),
    recorded: undefined,
    taken: stamp && { from: stamp, until: stamp },
  };
};
