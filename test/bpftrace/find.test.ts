import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findBpftrace, hasOneRing, knowsRing, parseVersion } from '../../src/bpftrace/find.js';
import { fileFolder } from '../folder.js';

const folder = fileFolder();

const program = (name: string, body: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};

test('versions as bpftrace prints them', () => {
  assert.deepEqual(parseVersion('bpftrace v0.17.0'), { version: '0.17.0', major: 0, minor: 17 });
  assert.deepEqual(parseVersion('bpftrace v0.23.2-dirty\n'), { version: '0.23.2-dirty', major: 0, minor: 23 });
  assert.deepEqual(parseVersion('bpftrace 1.2'), { version: '1.2', major: 1, minor: 2 });
  for (const text of ['', 'bpftrace', 'v0.17', 'bpftrace v0.17.0; \x1b[2J'])
    assert.equal(parseVersion(text), undefined);
});

test('on a kernel that has no ring for all CPUs a newer bpftrace is taken to use one', () => {
  const bpftrace = { path: '', version: '0.23.2', major: 0, minor: 23 };
  const old = { path: '', version: '0.18.1', major: 0, minor: 18 };
  assert.deepEqual(
    [hasOneRing(bpftrace, true), hasOneRing(bpftrace, false), hasOneRing(old, true)],
    [true, false, false],
  );
  const [rhel, other] = ['\0BPF_MAP_TYPE_RINGBUF\0', '\0BPF_MAP_TYPE_HASH\0'].map((text) => () => Buffer.from(text));
  assert.ok(rhel !== undefined && other !== undefined);
  assert.equal(
    knowsRing('6.1.0-50-amd64', () => undefined),
    true,
  );
  assert.equal(knowsRing('4.18.0-553.el8_10.x86_64', rhel), true);
  assert.equal(knowsRing('5.4.0-150-generic', other), false);
  assert.equal(
    knowsRing('4.19.0-27-amd64', () => undefined),
    false,
  );
});

test('the one that is named is taken before the one on the path', async () => {
  const named = program('named', 'echo bpftrace v0.23.2');
  program('bpftrace', 'echo bpftrace v0.27.1');
  const version = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
    const found = await findBpftrace(undefined, env);
    return found.ok ? found.value.version : undefined;
  };
  assert.equal(await version({ PATH: folder, VDSOWATCH_BPFTRACE: named }), '0.23.2');
  assert.equal(await version({ PATH: folder }), '0.27.1');
});

test('missing, too old, broken: a sentence and a mend', async () => {
  const reason = async (path: string) => {
    const found = await findBpftrace(path);
    assert.ok(!found.ok);
    assert.notEqual(found.failure.mend, null);
    return [found.failure.kind, found.failure.text];
  };
  assert.deepEqual(await reason(join(folder, 'none')), [
    'no-bpftrace',
    `there is no bpftrace at ${join(folder, 'none')}`,
  ]);
  assert.deepEqual(await reason(program('old', 'echo bpftrace v0.11.3')), [
    'old-bpftrace',
    'bpftrace 0.11.3 is too old',
  ]);
  const [kind, text] = await reason(program('broken', 'echo "bad \x1b[2J library" >&2; exit 127'));
  assert.equal(kind, 'no-bpftrace');
  assert.match(text ?? '', /bad \\x1b\[2J library$/);
  assert.equal((await reason(program('silent', 'exit 0')))[0], 'no-bpftrace');
});

test('a bpftrace that the environment names is not mended by installing one', async () => {
  const mend = async (env: NodeJS.ProcessEnv): Promise<string | null | undefined> => {
    const found = await findBpftrace(undefined, env);
    return found.ok ? undefined : found.failure.mend;
  };
  const old = program('old', 'echo bpftrace v0.11.3');
  const broken = program('broken', 'exit 127');
  for (const named of [old, broken, join(folder, 'none')])
    assert.match((await mend({ PATH: folder, VDSOWATCH_BPFTRACE: named })) ?? '', /VDSOWATCH_BPFTRACE .* unset/, named);
  program('bpftrace', 'echo bpftrace v0.11.3');
  assert.match((await mend({ PATH: folder })) ?? '', /^install/);
});
