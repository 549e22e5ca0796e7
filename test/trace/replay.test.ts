import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { from, lastValueFrom, map, toArray } from 'rxjs';
import { judge } from '../../src/judge/judge.js';
import { stateWord } from '../../src/judge/words.js';
import type { HostStatus, WatchState } from '../../src/model/state.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { lineFace } from '../../src/report/lines.js';
import { baseOf } from '../../src/trace/base.js';
import { openEncoder } from '../../src/trace/encoder.js';
import type { TraceItem } from '../../src/trace/reading.js';
import { recorded } from '../../src/trace/recorded.js';
import { openReplay, type Replayed } from '../../src/trace/replay-frames.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { frames } from './arbitraries.js';
import { header, inPieces } from './recording.js';
import { story, times } from './story.js';

const host: HostStatus = header.host;
const face = lineFace({ machine: true });

/** Runs frames as a live run does, and records them: what it printed, and the file. */
const live = async (list: readonly (readonly Observation[])[]) => {
  const encoder = openEncoder();
  let text = encoder.header(header);
  let offset = 1_700_000_000_000_000_000n;
  const recorder = {
    record: (observations: readonly Observation[], { state }: { state: WatchState }, when: bigint) => {
      text += encoder.frame({ observations, at: state.now, offset: when });
    },
  };
  const clock = () => {
    offset += 1n;
    return offset;
  };
  const seen = await lastValueFrom(
    from(list).pipe(
      recorded(recorder, clock, { judge, host }),
      map(({ frame, offset }) => ({ lines: face.lines(frame.lines, offset), state: frame.state })),
      toArray(),
    ),
    { defaultValue: [] },
  );
  return { lines: seen.flatMap(({ lines }) => lines), state: seen.at(-1)?.state, text };
};

const replayed = (items: readonly TraceItem[]): Replayed[] => {
  const replay = openReplay();
  return items.flatMap((item) => replay(item) ?? []);
};

const linesOf = (list: readonly Replayed[]): string[] =>
  list.flatMap(({ frame, offset }) => face.lines(frame.lines, offset));

/** What a user sees of a state: who there is, how they are, what happened to them. */
const picture = (state: WatchState | undefined) =>
  [...(state?.processes.values() ?? [])]
    .filter(({ exitedAt }) => exitedAt === undefined)
    .map(({ key, comm, space }) => {
      const { verdict, moves } = state?.spaces.get(space) ?? {};
      return { key, comm, state: stateWord(verdict), moves, findings: verdict?.findings.map(({ code }) => code) };
    })
    .sort((one, other) => (one.key < other.key ? -1 : 1));

test('a replay prints what the live run printed, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(frames, async (list) => {
      const run = await live(list);
      assert.deepEqual(linesOf(replayed(inPieces(Buffer.from(run.text, 'latin1')))), run.lines);
    }),
    { numRuns: fuzzRuns(100) },
  );
  const run = await live(story);
  assert.ok(run.lines.some((line) => line.includes('vdso-moved')));
  assert.deepEqual(linesOf(replayed(inPieces(Buffer.from(run.text, 'latin1')))), run.lines);
});

test('what is lost becomes a gap before the next frame', async () => {
  const { text } = await live(story);
  const bytes = Buffer.from(text, 'latin1');
  const hurt = bytes.indexOf('"call"') + 30;
  bytes[hurt] = (bytes[hurt] ?? 0) ^ 1;
  const after = replayed(inPieces(bytes));
  const gaps = after.flatMap(({ frame }) => frame.lines.filter(({ event }) => event?.kind === 'gap'));
  assert.equal(gaps.length, 1);
  assert.equal(after.at(-1)?.frame.state.counters.gaps, 1);
});

test('a file begun in the middle shows the same processes, and after its predecessor nothing twice', async () => {
  const half = 5;
  const first = await live(story.slice(0, half));
  assert.ok(first.state);
  const encoder = openEncoder();
  const { state } = first;
  const second = [
    encoder.header({ ...header, part: 1 }),
    ...baseOf(state).map((observations) => encoder.frame({ observations, at: state.now, offset: 0n, base: true })),
  ].join('');
  const alone = replayed(inPieces(Buffer.from(second, 'latin1')));
  assert.deepEqual(picture(alone.at(-1)?.frame.state), picture(state));
  assert.ok(picture(state).some(({ moves }) => moves === 1));
  const both = replayed(inPieces(Buffer.from(first.text + second, 'latin1')));
  assert.deepEqual(linesOf(both), first.lines);
});

test('another run in the same file begins with nothing', async () => {
  const { text } = await live(story);
  const other = openEncoder().header({ ...header, session: 'other' });
  const encoder = openEncoder();
  const frame = encoder.frame({ observations: [{ kind: 'tick', at: 1n }], at: 1n, offset: 0n });
  const all = replayed(inPieces(Buffer.from(text + other + frame, 'latin1')));
  assert.equal(all.at(-1)?.frame.state.processes.size, 0);
  assert.equal(times.length, all.length - 1);
});
