import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { filter, firstValueFrom } from 'rxjs';
import type { WatchState } from '../../src/model/state.js';
import { type FoundFinding, type Player, play } from '../../src/trace/player.js';
import type { Recording } from '../../src/trace/replay.js';
import { SECOND, T0 } from '../pipeline/build.js';
import { readPieces } from './recording.js';
import { recordedStory } from './story.js';

const recording: Recording = {
  path: 'trace.ndjson',
  items: async function* (reader) {
    for (const item of readPieces(reader, Buffer.from(recordedStory(), 'latin1'))) yield [item];
    return undefined;
  },
};

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
