import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { from, lastValueFrom, map, toArray } from 'rxjs';
import { judge } from '../../src/judge/judge.js';
import { stateWord } from '../../src/judge/words.js';
import type { HostStatus, WatchState } from '../../src/model/state.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { type LineChoice, lineFace } from '../../src/report/lines.js';
import { baseOf } from '../../src/trace/base.js';
import { openEncoder } from '../../src/trace/encoder.js';
import type { TraceItem } from '../../src/trace/items.js';
import { recorded } from '../../src/trace/recorded.js';
import { openReplay, type Replayed } from '../../src/trace/replay-frames.js';
import { openSaidReader } from '../../src/trace/said-lines.js';
import { fuzzRuns } from '../fuzz-runs.js';
import { exited, T0 } from '../pipeline/build.js';
import { frames } from './arbitraries.js';
import { header, inPieces, readPieces, textRecorder } from './recording.js';
import { recordedStory, story, times } from './story.js';

const host: HostStatus = header.host;
const face = lineFace({ machine: true });
const people = lineFace({ machine: false });

/** Runs frames as a live run does, and records them: what it printed, and the file. */
const live = async (list: readonly (readonly Observation[])[]) => {
  let offset = 1_700_000_000_000_000_000n;
  const recorder = textRecorder();
  const clock = () => {
    offset += 1n;
    return offset;
  };
  const seen = await lastValueFrom(
    from(list).pipe(
      recorded(recorder, clock, { judge, host }),
      map(({ frame, offset }) => ({
        lines: face.lines(frame.lines, offset),
        people: people.lines(frame.lines, offset),
        state: frame.state,
      })),
      toArray(),
    ),
    { defaultValue: [] },
  );
  return {
    lines: seen.flatMap(({ lines }) => lines),
    people: seen.flatMap(({ people }) => people),
    state: seen.at(-1)?.state,
    text: recorder.text(),
  };
};

const replayed = (items: readonly TraceItem[]): Replayed[] => {
  const replay = openReplay();
  return items.flatMap((item) => replay(item) ?? []);
};

const linesOf = (list: readonly Replayed[]): string[] =>
  list.flatMap(({ frame, offset }) => face.lines(frame.lines, offset));

/** The lines as they were said. */
const said = (text: string, choice: LineChoice): string[] =>
  readPieces(openSaidReader(choice), Buffer.from(text, 'latin1')).flatMap((item) =>
    item.kind === 'frame' ? Buffer.concat(item.frame.content).toString().split('\n').slice(0, -1) : [],
  );

/** What a user sees of a state: who there is, how they are, what happened to them. */
const picture = (state: WatchState | undefined) =>
  [...(state?.processes.values() ?? [])]
    .filter(({ exitedAt }) => exitedAt === undefined)
    .map(({ key, comm, space }) => {
      const { verdict, moves } = state?.spaces.get(space) ?? {};
      return { key, comm, state: stateWord(verdict), moves, findings: verdict?.findings.map(({ code }) => code) };
    })
    .sort((one, other) => (one.key < other.key ? -1 : 1));

/** Both ways of replaying, and both forms. */
const assertReplays = async (list: readonly (readonly Observation[])[]): Promise<readonly string[]> => {
  const run = await live(list);
  assert.deepEqual(linesOf(replayed(inPieces(Buffer.from(run.text, 'latin1')))), run.lines);
  assert.deepEqual(said(run.text, { machine: true }), run.lines);
  assert.deepEqual(said(run.text, { machine: false }), run.people);
  return run.lines;
};

test('a replay prints what the live run printed, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(frames, async (list) => {
      await assertReplays(list);
    }),
    { numRuns: fuzzRuns(100) },
  );
  const lines = await assertReplays(story);
  assert.ok(lines.some((line) => line.includes('vdso-moved')));
});

test('a choice among the lines is the same in a replay', async () => {
  const run = await live(story);
  for (const choice of [{ pid: [7] }, { pid: [8] }, { comm: 'puppet' }, { comm: 'a\\nb' }, { pid: [7], comm: 'other' }])
    for (const machine of [true, false]) {
      const chosen = lineFace({ machine, ...choice });
      const list = replayed(inPieces(Buffer.from(run.text, 'latin1')));
      const expected = list.flatMap(({ frame, offset }) => chosen.lines(frame.lines, offset));
      assert.deepEqual(said(run.text, { machine, ...choice }), expected);
      assert.ok(expected.length < run.lines.length);
    }
});

test('a recording made to drive a terminal does not', () => {
  const encoder = openEncoder();
  const event = exited({ at: T0, pid: 8, in: 2 });
  const line = { at: T0, pid: 8, comm: 'puppet', space: '', severity: 'info', event, finding: undefined } as const;
  const hostile = '\u001b[2J\n\u202e\u009b2J\u007f\u{f0000}';
  const text = [
    encoder.header(header),
    encoder.frame({
      observations: [{ kind: 'event', event, target: undefined, snapshot: 'none' }],
      at: T0,
      offset: 0n,
      lines: [
        { ...line, space: hostile, text: hostile },
        { ...line, event: undefined, comm: hostile, text: hostile },
      ],
    }),
  ].join('');
  for (const choice of [{ machine: false }, { machine: true }, { machine: true, pid: [8] }]) {
    const lines = said(text, choice);
    assert.equal(lines.length, 2);
    for (const one of lines) assert.match(one, /^[ -~]*$/);
  }
});

test('a line that is not of the format is told by both readers', () => {
  const text = recordedStory()
    .replaceAll(/,"crc":"[0-9a-f]+"/g, '')
    .replace('"call":"mremap"', '"call":"mwarp"');
  const told = <T>(items: readonly TraceItem<T>[]) =>
    items.flatMap((item) => (item.kind === 'damage' ? [item.damage.text] : []));
  const bytes = Buffer.from(text, 'latin1');
  const decoded = told(inPieces(bytes));
  assert.match(decoded.join(), /^line \d+ is not of this format$/);
  for (const machine of [true, false])
    assert.deepEqual(told(readPieces(openSaidReader({ machine, pid: undefined, comm: undefined }), bytes)), decoded);
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
