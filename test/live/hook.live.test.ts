import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { tracePath } from '../../src/hook/record-file.js';
import { vdsoOf } from '../../src/puppet/moves.js';
import { openDecoder } from '../../src/trace/decoder.js';
import type { TraceItem } from '../../src/trace/items.js';
import { openTrace } from '../../src/trace/read-file.js';
import { testFolder } from '../folder.js';
import type { Puppet } from '../puppet/puppet.js';
import { puppetFor } from '../puppet/with-puppet.js';
import { letGo, untilAsleep } from './criu-round-trip.js';
import { needs, testRoots } from './needs.js';
import { replayLines, startRecording } from './recording.js';

/** Issue 4, Shows 2: CRIU dumps and restores with our hook; what is lost is known, and what would be is kept alive. */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const CRIU = join(testRoots, 'bin', 'criu');
const VERSION = '4.1.1';

/** CRIU runs one program without arguments: a script, as the README tells it. */
const hookScript = (folder: string, ...words: readonly string[]): string => {
  const script = join(folder, `hook${words.join('')}`);
  writeFileSync(script, `#!/bin/sh\nexec ${process.execPath} ${MAIN} hook --criu ${VERSION} ${words.join(' ')}\n`, {
    mode: 0o700,
  });
  return script;
};

const dump = async (pid: number, images: string, hook: string) =>
  await execa(
    CRIU,
    [
      'dump',
      '-t',
      String(pid),
      '-D',
      images,
      '-v4',
      '-o',
      'dump.log',
      '--manage-cgroups=ignore',
      '--action-script',
      hook,
    ],
    { reject: false },
  );

const restore = async (images: string, hook: string) =>
  await execa(
    CRIU,
    ['restore', '-d', '-D', images, '-v4', '-o', 'restore.log', '--manage-cgroups=ignore', '--action-script', hook],
    { reject: false },
  );

const itemsOf = async (path: string): Promise<readonly TraceItem[]> => {
  const file = await openTrace(path);
  assert.ok(file.ok);
  const all: TraceItem[] = [];
  for await (const items of file.value.items(openDecoder())) all.push(...items);
  return all;
};

const hooksOf = (items: readonly TraceItem[]) => items.flatMap((item) => (item.kind === 'hook' ? [item.hook] : []));

const PTRACE = { poketext: 4n, attach: 16n, detach: 17n } as const;
const WALL = 0x4000_0000n;

/** Writes eight bytes of another process as a debugger does: the kernel copies the page for it. */
const pokeInto = async (writer: Puppet, pid: number, address: bigint): Promise<void> => {
  const target = BigInt(pid);
  assert.equal(await writer.call('ptrace', PTRACE.attach, target, 0n, 0n), 0n);
  assert.equal(await writer.call('wait4', target, 0n, WALL, 0n), target);
  assert.equal(await writer.call('ptrace', PTRACE.poketext, target, address, 0x5a5a5a5a5a5a5a5an), 0n);
  assert.equal(await writer.call('ptrace', PTRACE.detach, target, 0n, 0n), 0n);
};

test('a vDSO that somebody has hooked is dumped and restored: who wrote it, when, and that it is lost', {
  ...needs('root', 'bpftrace', 'criu'),
  timeout: 180_000,
}, async (context) => {
  const folder = testFolder(context);
  const images = testFolder(context);
  const recording = startRecording(context, join(folder, 'trace.ndjson'));
  await recording.ready;
  const victim = await puppetFor(context, { abi: 'x86_64', comm: Buffer.from('victim') });
  const writer = await puppetFor(context, { abi: 'x86_64', comm: Buffer.from('writer') });
  const { pid } = victim;
  await pokeInto(writer, pid, vdsoOf(victim).end - 16n);
  letGo(victim);
  await untilAsleep(pid);
  await recording.line((line) => line.includes('"page-modified"') && line.includes(`"pid":${pid}`));

  const hook = hookScript(folder);
  const dumped = await dump(pid, images, hook);
  assert.equal(dumped.exitCode, 0, dumped.stderr);
  await victim.gone;
  const restored = await restore(images, hook);
  assert.equal(restored.exitCode, 0, restored.stderr);
  context.after(() => process.kill(pid, 'SIGKILL'));
  // What a script says goes into CRIU's log.
  const log = readFileSync(join(images, 'restore.log'), 'latin1');
  assert.match(log, new RegExp(`pre-resume: process ${pid} \\(victim\\): page \\d .* is lost`));
  await recording.end('SIGINT');

  const { lines } = await replayLines(recording.file);
  const poke = lines.find((line) => line.includes('"kind":"poke"') && line.includes(`"target":${pid}`));
  assert.ok(poke);
  assert.ok(poke.includes(`"pid":${writer.pid}`) && poke.includes('"comm":"writer"'), poke);

  const items = await itemsOf(tracePath(images));
  assert.deepEqual(
    items.filter(({ kind }) => kind === 'damage'),
    [],
  );
  const hooks = hooksOf(items);
  assert.deepEqual(
    hooks.map(({ action, vetoed, root }) => [action, vetoed, root]),
    [
      ['pre-dump', false, pid],
      ['post-dump', false, pid],
      ['pre-resume', false, pid],
    ],
  );
  assert.deepEqual(hooks[0]?.recordings, [recording.file]);
  assert.ok(hooks[2]?.said.some((text) => text.includes('is lost')));
  const states = (await replayLines(tracePath(images))).lines;
  assert.ok(states.some((line) => line.includes('page-modified')));
});

test('Valgrind: its dump would work and its restore would not; a veto keeps it alive', {
  ...needs('root', 'criu', 'valgrind'),
  timeout: 180_000,
}, async (context) => {
  const folder = testFolder(context);
  const images = testFolder(context);
  const child = execa('setsid', ['valgrind', '--tool=none', '/bin/sleep', '1000'], {
    reject: false,
    stdio: 'ignore',
  });
  const { pid } = child;
  assert.ok(pid !== undefined);
  context.after(() => child.kill('SIGKILL'));
  // It has unmapped its vDSO once the program runs.
  const isUp = (): boolean =>
    !readFileSync(`/proc/${pid}/maps`, 'latin1').includes('[vdso]') &&
    /sleep/.test(readFileSync(`/proc/${pid}/wchan`, 'latin1'));
  while (!isUp()) await sleep(100);
  const refused = await dump(pid, images, hookScript(folder, '--veto'));
  assert.notEqual(refused.exitCode, 0);
  const log = readFileSync(join(images, 'dump.log'), 'latin1');
  assert.match(log, /pre-dump: process \d+ .* could not be restored/);
  assert.match(log, /vetoed; the processes go on running/);
  assert.ok(existsSync(`/proc/${pid}/stat`));
  assert.match(readFileSync(`/proc/${pid}/stat`, 'latin1'), /^\d+ \(.*\) S /);
  assert.ok(!existsSync(join(images, 'inventory.img')));
  const hooks = hooksOf(await itemsOf(tracePath(images)));
  assert.deepEqual(
    hooks.map(({ action, vetoed }) => [action, vetoed]),
    [['pre-dump', true]],
  );
});
