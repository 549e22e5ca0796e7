import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Value } from '@sinclair/typebox/value';
import { ReportJson } from '../../src/model/report.js';
import { candidateAbis } from '../../src/puppet/abi.js';
import { vdsoOf } from '../../src/puppet/moves.js';
import { hex } from '../../src/text/hex.js';
import { fileFolder } from '../folder.js';
import { type Puppet, startPuppet } from '../puppet/puppet.js';
import { runProgram } from './run-program.js';

/** Issue 2, Shows 5, in the verbs that print and end: nothing forged, painted or misjudged. Watching has its own. */

const folder = fileFolder();

const COMMS: readonly (readonly [comm: string, shown: string])[] = [
  ['x\n1  init', 'x\\n1  init'],
  ['\u001b[2J\u001b[31m', '\\x1b[2J\\x1b[31m'],
  ['\u00c2\u009b2J', '\\u{9b}2J'],
  ['{red-fg}x{/}', '{red-fg}x{/}'],
  ['<img src=x>', '<img src=x>'],
  ['\xff\xfe', '\\xff\\xfe'],
  [Buffer.from('😀', 'utf8').toString('latin1'), '\\u{1f600}'],
  ['a\\nb', 'a\\\\nb'],
];

const start = async (comm: string): Promise<Puppet> => {
  const started = await startPuppet({ abi: candidateAbis()[0] ?? 'x86_64', comm: Buffer.from(comm, 'latin1') });
  assert.ok(started.ok);
  return started.value;
};

test('a hostile comm stays in its cell, in every form of output', async () => {
  const puppets = await Promise.all(COMMS.map(([comm]) => start(comm)));
  try {
    const pids = puppets.map(({ pid }) => String(pid));
    const bundle = join(folder, 'bundle');
    const page = join(folder, 'page.html');
    for (const words of [
      ['ps', ...pids],
      ['ps', '-o', 'wide', ...pids],
      ['ps', '-o', 'json', ...pids],
      ['ps', '-o', 'ndjson', ...pids],
      ['check', ...pids],
      ['capture', ...pids, '-o', bundle],
      ['analyze', bundle],
      ['analyze', bundle, '--json', '--html', page],
      ['diff', bundle, bundle],
    ]) {
      const ended = await runProgram(words);
      assert.ok(ended.status === 0 || ended.status === 1, `${words.join(' ')}: ${ended.errors}`);
      assert.doesNotMatch(ended.out + ended.errors, /(?!\n)\p{Cc}|[\u{80}-\u{10ffff}]/u, words.join(' '));
      if (words[0] === 'capture' || words[0] === 'diff') continue;
      const lines = ended.out.split('\n');
      for (const [index, [, shown]] of COMMS.entries()) {
        const pid = pids[index];
        if (ended.out.startsWith('{')) assert.ok(ended.out.includes(`"pid":${pid},"comm":${JSON.stringify(shown)}`));
        else assert.equal(lines.filter((line) => line.startsWith(`${pid} `) && line.includes(shown)).length, 1, shown);
      }
    }
    assert.doesNotMatch(readFileSync(page, 'utf8'), /<img|(?!\n)\p{Cc}/u);
  } finally {
    await Promise.all(puppets.map((puppet) => puppet.kill()));
  }
});

test('what is named [vdso] and is none, and what only ends so, is not taken for the vDSO', async () => {
  const puppet = await start('decoys');
  try {
    const vdso = vdsoOf(puppet);
    const own = readFileSync(`/proc/${process.pid}/exe`).subarray(0, 4096);
    const decoys: bigint[] = [];
    for (const name of ['[vdso]', 'x [vdso]', '[vdso] (deleted)']) {
      const path = join(folder, name);
      writeFileSync(path, own);
      const descriptor = await puppet.call('openat', -100n, `${path}\0`, 0n, 0n);
      assert.ok(descriptor >= 0n, `open: ${descriptor}`);
      decoys.push(await puppet.call('mmap', 0n, 0x1000n, 5n, 2n, descriptor, 0n));
    }
    const memory = await puppet.call('memfd_create', '[vdso]\0', 0n);
    assert.equal(await puppet.call('ftruncate', memory, 0x2000n), 0n);
    decoys.push(await puppet.call('mmap', 0n, 0x2000n, 5n, 2n, memory, 0n));
    for (const address of decoys) assert.ok(address > 0n, `mmap: ${address}`);

    const pid = String(puppet.pid);
    const bundle = join(folder, 'decoys');
    const captured = await runProgram(['capture', pid, '-o', bundle]);
    assert.equal(captured.status, 0, captured.errors);
    for (const words of [
      ['ps', '--json', pid],
      ['check', '--json', pid],
      ['analyze', '--json', bundle],
    ]) {
      const ended = await runProgram(words);
      const document: unknown = JSON.parse(ended.out);
      assert.ok(Value.Check(ReportJson, document));
      const [found] = document.processes;
      assert.ok(found);
      assert.equal(found.vdso?.start, hex(vdso.start), words.join(' '));
      assert.equal(found.vdso?.moved, false);
      assert.equal(found.hint, 'ok');
      for (const address of decoys) {
        const said = found.mappings[hex(address)];
        assert.ok(said === undefined || said === 'not-vdso' || said === 'decoy', `${words.join(' ')}: ${said}`);
      }
      assert.deepEqual(
        found.findings.filter(({ severity }) => severity !== 'info'),
        [],
      );
    }
  } finally {
    await puppet.kill();
  }
});
