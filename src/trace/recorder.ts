import { type Failure, failed, type Outcome, success } from '../model/failure.js';
import type { WatchState } from '../model/state.js';
import type { Frame } from '../pipeline/ledger.js';
import type { Observation } from '../pipeline/observation.js';
import { baseOf } from './base.js';
import { createFile } from './create-file.js';
import { openEncoder } from './encoder.js';
import type { Header } from './format.js';
import { makeRoom, takenPart } from './rotate.js';
import { verdictChanges } from './verdict-record.js';
import { openWriter, type TraceWriter } from './write-file.js';

export interface RecorderOptions {
  /** Compressed when it ends in ".gz". */
  readonly path: string;
  /** Begins another file when this one has so many bytes. */
  readonly rotate?: number | undefined;
  /** Files kept, the one being written included. */
  readonly keep?: number | undefined;
  readonly header: (part: number) => Omit<Header, 'record'>;
}

/** Records what a pipeline is given. */
export interface Recorder {
  /** A frame, and what came of it. `offset`: time of day minus boot clock, ns. */
  readonly record: (observations: readonly Observation[], frame: Frame, offset: bigint) => void;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** Resolves at the first failure. What was recorded before it is whole. */
  readonly failed: Promise<Failure>;
  readonly tally: () => Tally;
}

export interface Tally {
  readonly events: number;
  readonly snapshots: number;
  readonly findings: number;
  /** Frames that were not written because the disk was too slow. */
  readonly skipped: number;
  /** Of the file that is being written. */
  readonly bytes: number;
  readonly files: number;
}

/** Makes the file by the rules of `createFile`. Fails where those, or the names that its parts would take, refuse it. */
export const openRecorder = async (options: RecorderOptions): Promise<Outcome<Recorder>> => {
  const { path, rotate, keep = DEFAULT_KEEP, header } = options;
  const gzip = path.endsWith('.gz');
  const taken = rotate === undefined ? undefined : takenPart(path, keep);
  if (taken !== undefined) return failed(taken);
  const first = await createFile(path);
  if (!first.ok) return first;
  const encoder = openEncoder();
  const changes = verdictChanges();
  let writer: TraceWriter | undefined;
  /** Written as soon as the next file is there. */
  let backlog: string[] = [];
  let turning: Promise<void> | undefined;
  let part = 0;
  /** The size at which a file is followed by another; more than twice what it begins with. */
  let full = rotate ?? Number.POSITIVE_INFINITY;
  let tally = { events: 0, snapshots: 0, findings: 0, skipped: 0 };
  let fail: (reason: Failure) => void = () => {};
  const failure = new Promise<Failure>((resolve) => {
    fail = resolve;
  });

  const begin = (file: Parameters<typeof openWriter>[0]['file']): void => {
    writer = openWriter({ path, file, gzip });
    void writer.failed.then(fail);
    for (const text of backlog) writer.write(text);
    backlog = [];
  };

  const put = (text: string): void => {
    if (writer === undefined) backlog.push(text);
    else if (!writer.write(text)) {
      // The gap in the numbers of the frames tells the reader; nothing lost must be named afterwards.
      tally = { ...tally, skipped: tally.skipped + 1 };
      encoder.forget();
    }
  };

  /** Goes over to a new file, which begins with what is known. */
  const turn = (former: TraceWriter, state: WatchState, offset: bigint): void => {
    part += 1;
    writer = undefined;
    encoder.forget();
    put(encoder.header(header(part)));
    const known = baseOf(state).map((observations) =>
      encoder.frame({ observations, at: state.now, offset, base: true }),
    );
    for (const text of known) put(text);
    full = Math.max(rotate ?? 0, 2 * known.reduce((length, text) => length + text.length, 0));
    turning = (async () => {
      await former.close();
      const made = (await makeRoom(path, keep)) ?? (await createFile(path));
      if ('kind' in made) fail(made);
      else if (made.ok) begin(made.value);
      else fail(made.failure);
      turning = undefined;
    })();
  };

  begin(first.value);
  put(encoder.header(header(part)));
  return success({
    failed: failure,
    tally: () => ({ ...tally, bytes: writer?.size() ?? 0, files: part + 1 }),
    record: (observations, { state, lines }, offset) => {
      const verdicts = changes(observations, state);
      put(encoder.frame({ observations, at: state.now, offset, lines, verdicts }));
      for (const observation of observations) {
        if (observation.kind === 'snapshot') tally.snapshots += 1;
        else if (observation.kind === 'event' && 'tgid' in observation.event) tally.events += 1;
      }
      for (const { finding, gone } of lines) if (finding !== undefined && gone !== true) tally.findings += 1;
      if (writer !== undefined && writer.size() >= full) turn(writer, state, offset);
    },
    flush: async () => {
      await turning;
      await writer?.flush();
    },
    close: async () => {
      await turning;
      await writer?.close();
    },
  });
};

const DEFAULT_KEEP = 8;
