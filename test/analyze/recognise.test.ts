import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { recognise } from '../../src/analyze/recognise.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdsowatch-recognise-'));
});
after(() => rmSync(folder, { recursive: true }));

const kindOf = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  const result = recognise(path);
  return result.ok ? result.value.kind : result.failure.text;
};

test('a file is told by its content', () => {
  const core = Buffer.alloc(64);
  core.write('\u007fELF', 'latin1');
  core[16] = 4;
  assert.equal(kindOf('a', core), 'core');
  assert.equal(kindOf('b', '{"kind":"header"}\n'), 'recording');
  assert.equal(kindOf('c', '(00.000123) Version: 4.1 (gitid 0)\n'), 'log');
  assert.equal(kindOf('d.tar.gz', Buffer.from([0x1f, 0x8b, 8, 0])), 'bundle');
  assert.equal(kindOf('e.ndjson.gz', Buffer.from([0x1f, 0x8b, 8, 0])), 'recording');
});

test('a packed file is told by what is in it, whatever its name', () => {
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);
  assert.equal(kindOf('bundle.gz', gzipSync(tar)), 'bundle');
  assert.equal(kindOf('run.tgz', gzipSync('{"record":"header"}\n')), 'recording');
});

test('a recording whose beginning is damaged, cut off or behind a mark is still one', () => {
  const line = '{"record":"tick","at":"1"}\n';
  for (const front of ['\ufeff', '\n', '\0'.repeat(4096), 'dso":null}\n'])
    assert.equal(kindOf('damaged', front + line), 'recording', JSON.stringify(front.slice(0, 9)));
});

test('standard input is a recording', () => {
  assert.deepEqual(recognise('-'), { ok: true, value: { kind: 'recording', path: '-' } });
});

test('what is none of them is said in one sentence', () => {
  assert.match(kindOf('f', 'hello\n'), /is none of/);
  assert.match(kindOf('g', ''), /is empty/);
  assert.match(kindOf('podman.tar.gz', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4])), /compressed by zstd/);
  assert.match(kindOf('bundle.json', '{"schema": "vdsowatch-bundle/1"}\n'), /is a part of an evidence bundle/);
  for (const magic of [
    [0x19, 0x43, 0x56, 0x54],
    [0x40, 0x59, 0x10, 0x55],
  ])
    assert.match(kindOf('mm-7.img', Buffer.from(magic)), /is a part of CRIU's images/);
  mkdirSync(join(folder, 'empty'));
  const directory = recognise(join(folder, 'empty'));
  assert.equal(directory.ok, false);
  const nothing = recognise(join(folder, 'no\u001b[2Jthing'));
  assert.equal(nothing.ok, false);
  if (!nothing.ok) assert.match(nothing.failure.text, /no\\x1b\[2Jthing does not exist/);
  const device = recognise('/dev/null');
  assert.equal(device.ok, false);
});

test('a checkpoint of podman or Kubernetes: the images below, the logs above them', () => {
  const path = join(folder, 'exported');
  mkdirSync(join(path, 'checkpoint'), { recursive: true });
  for (const name of ['dump.log', 'config.dump', 'stats-dump', 'checkpoint/pstree.img'])
    writeFileSync(join(path, name), '');
  const found = recognise(path);
  assert.ok(found.ok);
  assert.deepEqual(found.value, { kind: 'criu-image', path: join(path, 'checkpoint'), logs: path });
});
