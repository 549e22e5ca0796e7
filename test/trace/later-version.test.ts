import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceItem } from '../../src/trace/items.js';
import { gatherProblems } from '../../src/trace/problems.js';
import { openReplay } from '../../src/trace/replay-frames.js';
import { openSaidReader } from '../../src/trace/said-lines.js';
import { inPieces, readPieces } from './recording.js';
import { resealed } from './resealed.js';
import { recordedStory } from './story.js';

const STORY = recordedStory();
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

const problemsIn = <T>(items: readonly TraceItem<T>[]): readonly string[] => {
  const problems = gatherProblems();
  for (const item of items) if (item.kind === 'damage') problems.damage(item.damage);
  return problems.list().map(({ kind, text }) => `${kind}: ${text}`);
};

const gapsIn = (items: readonly TraceItem[]): number => {
  const replay = openReplay();
  let gaps = 0;
  for (const item of items) gaps = replay(item)?.frame.state.counters.gaps ?? gaps;
  return gaps;
};

test('the check sums of the test are not those of the format', () => assert.equal(resealed(STORY), STORY));

test('a new word was told as damage, though its check sum says that it was written so', () => {
  const bytes = bytesOf(resealed(STORY.replace('"call":"mremap"', '"call":"mwarp"')));
  const items = inPieces(bytes);
  const [told, ...more] = problemsIn(items);
  assert.match(told ?? '', /^newer-format: line \d+ is by a later version of vdsowatch: passed over\.$/);
  assert.deepEqual(more, []);
  // What it said is not known, as when it had been lost.
  assert.equal(gapsIn(items), 1);
  for (const machine of [true, false]) {
    const reader = openSaidReader({ machine, pid: undefined, comm: undefined });
    assert.deepEqual(problemsIn(readPieces(reader, bytes)), [told]);
  }
});

test('a reading with a new word took the later ones that name it for damaged', () => {
  const items = inPieces(bytesOf(resealed(STORY.replaceAll('"source":"proc"', '"source":"dream"'))));
  assert.deepEqual(
    problemsIn(items).map((text) => text.replaceAll(/\d+/g, 'N')),
    ['newer-format: N of the lines N to N are by a later version of vdsowatch, and so are N more lines: passed over.'],
  );
});

test('a kind of line that is not known was passed over without a word; nothing else is lost with it', () => {
  const text = STORY.replaceAll('{"record":"swept"', '{"record":"novel","word":1}\n$&');
  for (const one of [resealed(text), text.replaceAll(/,"crc":"[0-9a-f]+"/g, '')]) {
    const items = inPieces(bytesOf(one));
    assert.match(
      problemsIn(items).join(),
      /^newer-format: one of the lines \d+ to \d+ is by a later version of vdsowatch, and so is one more line: passed over\.$/,
    );
    assert.equal(gapsIn(items), 0);
    const contentOf = (all: readonly TraceItem[]) => all.flatMap((item) => (item.kind === 'frame' ? [item.frame] : []));
    assert.deepEqual(contentOf(items), contentOf(inPieces(bytesOf(STORY))));
  }
});
