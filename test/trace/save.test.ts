import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReplay } from '../../src/trace/replay-frames.js';
import { openSaidReader } from '../../src/trace/said-lines.js';
import { saveState } from '../../src/trace/save.js';
import { testFolder } from '../folder.js';
import { HOST } from '../pipeline/build.js';
import { inPieces, readPieces } from './recording.js';
import { storyEnd } from './story.js';

test('what is saved from the screen replays as the state that was shown', async (context) => {
  const folder = testFolder(context);
  const path = join(folder, 'state');
  const { state } = storyEnd();
  const saved = await saveState(path, state, HOST, 0n);
  assert.ok(saved.ok);
  assert.match(saved.value, /^2 processes and \d+ lines saved in /);
  const bytes = readFileSync(path);
  const replay = openReplay();
  const last = inPieces(bytes)
    .flatMap((item) => replay(item) ?? [])
    .at(-1);
  const living = [...(last?.frame.state.processes.values() ?? [])].map(({ pid }) => pid);
  assert.deepEqual(living.sort(), [7, 9]);
  const said = readPieces(openSaidReader({ machine: false }), bytes).flatMap((item) =>
    item.kind === 'frame' ? item.frame.content.map((piece) => Buffer.from(piece).toString()) : [],
  );
  assert.equal(said.join('').split('\n').length - 1, state.recent.length);
  const again = await saveState(path, state, HOST, 0n);
  assert.ok(!again.ok);
});
