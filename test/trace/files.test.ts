import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFile } from '../../src/trace/create-file.js';
import { openDecoder } from '../../src/trace/decoder.js';
import { openEncoder } from '../../src/trace/encoder.js';
import type { TraceItem } from '../../src/trace/items.js';
import { partsOf } from '../../src/trace/parts.js';
import { openTrace } from '../../src/trace/read-file.js';
import { makeRoom } from '../../src/trace/rotate.js';
import { openWriter } from '../../src/trace/write-file.js';
import { testFolder } from '../folder.js';
import { header, written } from './recording.js';

const read = async (path: string): Promise<TraceItem[]> => {
  const file = await openTrace(path);
  assert.ok(file.ok);
  const all: TraceItem[] = [];
  for await (const items of file.value.items(openDecoder())) all.push(...items);
  return all;
};

const ticks = (count: number) => Array.from({ length: count }, (_, at) => [{ kind: 'tick' as const, at: BigInt(at) }]);

for (const name of ['trace.ndjson', 'trace.ndjson.gz'])
  test(`${name} is private, and comes back whole`, async (context) => {
    const path = join(testFolder(context), name);
    const made = await createFile(path);
    assert.ok(made.ok);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const writer = openWriter({ path, file: made.value, gzip: name.endsWith('.gz') });
    const text = written(ticks(3000));
    const half = text.indexOf('\n', text.length / 2) + 1;
    writer.write(text.slice(0, half));
    await writer.flush();
    const early = await read(path);
    assert.ok(early.length > 1000);
    writer.write(text.slice(half));
    await writer.close();
    const items = await read(path);
    assert.equal(items.filter(({ kind }) => kind === 'frame').length, 3000);
    assert.equal(items.filter(({ kind }) => kind === 'damage').length, 0);
  });

test('a name that is taken, a link, a folder, a stranger: refused, and nothing is touched', async (context) => {
  const own = testFolder(context);
  const target = join(own, 'precious');
  writeFileSync(target, 'precious');
  symlinkSync(target, join(own, 'link'));
  symlinkSync(join(own, 'nowhere'), join(own, 'dangling'));
  mkdirSync(join(own, 'folder'));
  for (const name of ['precious', 'link', 'dangling', 'folder', 'missing/trace']) {
    const made = await createFile(join(own, name));
    assert.ok(!made.ok, name);
    assert.equal(made.failure.kind, 'cannot-write');
    assert.ok(made.failure.mend);
  }
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  assert.ok(!existsSync(join(own, 'nowhere')));
  writeFileSync(join(own, 'empty'), '');
  const empty = await createFile(join(own, 'empty'));
  assert.ok(empty.ok);
  await empty.value.close();
});

test('a file that is deleted while it is written is missed at once', async (context) => {
  const path = join(testFolder(context), 'trace.ndjson');
  const made = await createFile(path);
  assert.ok(made.ok);
  const writer = openWriter({ path, file: made.value, gzip: false });
  writer.write(written([]));
  rmSync(path);
  const reason = await writer.failed;
  assert.match(reason.text, /deleted/);
  await writer.close();
});

test('when a write fails, what was written before stays whole', async (context) => {
  const path = join(testFolder(context), 'trace.ndjson');
  const made = await createFile(path);
  assert.ok(made.ok);
  const file = made.value;
  const write = file.write.bind(file);
  let room = 5000;
  // As a full disk does it: some of it is written, then none.
  Object.defineProperty(file, 'write', {
    value: async (bytes: Buffer, at: number) => {
      if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const part = Math.min(room, bytes.length - at);
      room -= part;
      return await write(bytes, at, part);
    },
  });
  const writer = openWriter({ path, file, gzip: false });
  const encoder = openEncoder();
  writer.write(encoder.header(header));
  for (let at = 0; at < 100; at += 1) {
    writer.write(encoder.frame({ observations: [{ kind: 'tick', at: BigInt(at) }], at: BigInt(at), offset: 0n }));
    await writer.flush();
  }
  assert.match((await writer.failed).text, /disk is full/);
  await writer.close();
  const items = await read(path);
  assert.ok(items.length > 10);
  assert.ok(items.every(({ kind }) => kind !== 'damage'));
});

test('rotation keeps so many files, and a reader finds those of the same run', async (context) => {
  const own = testFolder(context);
  const path = join(own, 'trace');
  for (let part = 0; part < 5; part += 1) {
    if (part > 0) assert.equal(await makeRoom(path, 3), undefined);
    const made = await createFile(path);
    assert.ok(made.ok);
    await made.value.write(openEncoder().header({ ...header, part }));
    await made.value.close();
  }
  assert.deepEqual(readdirSync(own).sort(), ['trace', 'trace.1', 'trace.2']);
  assert.deepEqual(await partsOf(path), [`${path}.2`, `${path}.1`, path]);
  writeFileSync(`${path}.1`, openEncoder().header({ ...header, session: 'other', part: 3 }));
  assert.deepEqual(await partsOf(path), [path]);
});

test('what cannot be a recording is refused in one sentence', async (context) => {
  const own = testFolder(context);
  for (const path of [join(own, 'missing'), own, '/dev/zero']) {
    const file = await openTrace(path);
    assert.ok(!file.ok, path);
    assert.doesNotMatch(file.failure.text, /\n/);
  }
});
