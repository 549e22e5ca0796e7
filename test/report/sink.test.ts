import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { lineSink } from '../../src/report/sink.js';

/** A reader that takes what it is given when `flow` is called. */
const slowReader = () => {
  const taken: string[] = [];
  let go: (() => void) | undefined;
  const out = new Writable({
    write: (chunk, _, done) => {
      taken.push(String(chunk));
      go = done;
    },
  });
  return { out, taken, flow: () => go?.() };
};

test('lines go out together, each with its end', () => {
  const { out, taken } = slowReader();
  lineSink(out, String).write(['a', 'b']);
  lineSink(out, String).write([]);
  assert.deepEqual(taken, ['a\nb\n']);
});

test('a slow reader gets less, and is told how much', () => {
  const { out, taken, flow } = slowReader();
  const sink = lineSink(out, (count) => `${count} missing`, 5);
  sink.write(['one']);
  sink.write(['two']);
  sink.write(['three', 'four']);
  sink.write(['five']);
  flow();
  flow();
  sink.write(['six']);
  flow();
  assert.deepEqual(taken, ['one\n', 'two\n', '3 missing\nsix\n']);
});

const failing = (code: string): Writable => {
  const error: NodeJS.ErrnoException = Object.assign(new Error(`write ${code}`), { code });
  return new Writable({ write: (_chunk, _, done) => done(error) });
};

test('a reader that has gone is no failure', async () => {
  const sink = lineSink(failing('EPIPE'), String);
  sink.write(['a']);
  assert.deepEqual(await sink.closed, { status: 0, failure: undefined });
});

test('a full disk is one, with a sentence and a mend', async () => {
  const sink = lineSink(failing('ENOSPC'), String);
  sink.write(['a']);
  const { status, failure } = await sink.closed;
  assert.equal(status, 3);
  assert.match(failure?.text ?? '', /ENOSPC/);
  assert.match(failure?.mend ?? '', /./);
});
