import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { filter, firstValueFrom } from 'rxjs';
import type { WatchState } from '../../src/model/state.js';
import type { Observation } from '../../src/pipeline/observation.js';
import { openEncoder } from '../../src/trace/encoder.js';
import { type Player, play } from '../../src/trace/player.js';
import type { Recording } from '../../src/trace/replay.js';
import type { FoundFinding } from '../../src/trace/replay-frames.js';
import { exited, happened, SECOND, T0 } from '../pipeline/build.js';
import { header, readPieces } from './recording.js';
import { recordedStory } from './story.js';

const recordingOf = (text: string): Recording => ({
  path: 'trace.ndjson',
  items: async function* (reader) {
    for (const item of readPieces(reader, Buffer.from(text, 'latin1'))) yield [item];
    return undefined;
  },
});
const recording = recordingOf(recordedStory());

/** The state that is shown once `asked` has been done. */
const after = async (player: Player, now: bigint, asked: () => void): Promise<WatchState> => {
  asked();
  return await firstValueFrom(player.states.pipe(filter((state) => state.now === now)));
};

const at = (second: number): bigint => T0 + BigInt(second) * SECOND;

const playing = async (body: (player: Player) => Promise<void>, speed?: number, until?: bigint): Promise<void> => {
  const player = play(recording, speed, until);
  try {
    await body(player);
  } finally {
    player.stop();
    await player.stopped;
  }
};

test('played at a high speed it comes to its end', () =>
  playing(async (player) => {
    const state = await after(player, at(6), () => {});
    assert.equal(state.tracer.mode, 'replay');
    // Time first: a long path is cut where it ends.
    assert.match(state.tracer.text, /^1970-01-01 [\d:.]+, the end {2}trace\.ndjson$/);
  }, 1e9));

test('paused it goes by steps, on and back, and to times', () =>
  playing(async (player) => {
    player.pause(true);
    await after(player, at(2), () => player.step(3));
    const before = await after(player, at(1), () => player.step(-1));
    assert.equal([...before.processes.values()].length, 2);
    await after(player, at(5), () => player.seek(at(5)));
    const early = await after(player, at(1), () => player.seek(at(1)));
    assert.equal(early.counters.snapshots, 2);
    const late = await after(player, at(6), () => player.seek(at(600)));
    assert.match(late.tracer.text, /, the end /);
  }));

/** One process ends a second, by a clock that began `up` s before the first; the header and the times say `unix`. */
const boot = (session: string, up: bigint, unix: bigint): string => {
  const encoder = openEncoder();
  const offset = (unix - up) * SECOND;
  const frames = [0n, 1n, 2n].map((later) => {
    const time = (up + later) * SECOND;
    const one = exited({ at: time, pid: 7, in: 1 });
    const line = { at: time, pid: 7, comm: 'c', space: 'pid:7', severity: 'info', text: 'exited' } as const;
    const observations: readonly Observation[] = [happened(one)];
    return encoder.frame({ observations, at: time, offset, lines: [{ ...line, event: one, finding: undefined }] });
  });
  const first = { ...header, session, bootId: session, at: String(up * SECOND), offset: String(offset) };
  return [encoder.header(first), ...frames].join('');
};

test('a time of a second boot was sought by the clock of the first, and the first was shown', async () => {
  const both = recordingOf(boot('first', 90_000n, 1_000n) + boot('second', 50n, 2_000n));
  const player = play(both);
  try {
    player.pause(true);
    const seconds = (count: bigint): bigint => count * SECOND;
    // What `t 00:33:21` and `t +1001` come to: by the clock of the first boot.
    await after(player, seconds(51n), () => player.seek(seconds(91_001n)));
    // The clock of what is shown.
    await after(player, seconds(52n), () => player.seek(seconds(52n), 'shown'));
    await after(player, seconds(50n), () => player.seek(seconds(50n), 'shown'));
    await after(player, seconds(90_001n), () => player.seek(seconds(90_001n)));
    await after(player, seconds(90_002n), () => player.seek(seconds(90_500n)));
  } finally {
    player.stop();
    await player.stopped;
  }
});

test('it goes to the next finding', () =>
  playing(async (player) => {
    player.pause(true);
    // In the made-up world all processes lack their vvar.
    await after(player, at(1), () => player.nextFinding());
    let told: FoundFinding | undefined;
    const found = await after(player, at(2) + 1_000_000n, async () => {
      told = await player.nextFinding();
    });
    assert.ok(found.recent.some(({ finding }) => finding?.code === 'vdso-moved'));
    await setTimeout(0);
    assert.equal(told?.line.severity, 'error');
    assert.equal(found.processes.get(told?.process ?? '')?.pid, told?.line.pid);
    for (;;) if ((await player.nextFinding()) === undefined) break;
    assert.match((await firstValueFrom(player.states)).tracer.text, /, the end /);
  }));

test('by itself it goes no further than until', () =>
  playing(
    async (player) => {
      await after(player, at(5), () => {});
      await setTimeout(100);
      const shown = await firstValueFrom(player.states);
      assert.equal(shown.now, at(5));
      assert.match(shown.tracer.text, /, up to here /);
      await after(player, at(6), () => player.step(1));
    },
    1e9,
    at(5),
  ));
