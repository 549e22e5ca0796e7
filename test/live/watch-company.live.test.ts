import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SCRATCH } from '../../src/puppet/layout.js';
import { moveVdsoAlone, vdsoOf } from '../../src/puppet/moves.js';
import { call } from '../../src/puppet/step.js';
import { lineFace } from '../../src/report/lines.js';
import { type Puppet, startPuppet } from '../puppet/puppet.js';
import { letGo, roundTrip } from './criu-round-trip.js';
import { needs, testRoots } from './needs.js';
import { isCall, undisturbed, watchingFor, withWatched } from './watching.js';

/** What real tools and odd processes do, and what is said of them: CRIU, containers, hostile names. */

const live = { ...needs('root', 'bpftrace'), timeout: 300_000 };
const watch = watchingFor(live);

const withPuppet = (body: (puppet: Puppet) => Promise<void>, comm?: Uint8Array): Promise<void> =>
  undisturbed(watch(), () => withWatched(watch(), { abi: 'x86_64', ...(comm && { comm }) }, body));

test('CRIU dumps and restores: its tests and the restore are named and no alarm', {
  ...live,
  ...needs('root', 'bpftrace', 'criu'),
}, async () => {
  const started = await startPuppet({ abi: 'x86_64' });
  assert.ok(started.ok);
  const puppet = started.value;
  const { start } = vdsoOf(puppet);
  const { pid } = await watch()
    .settled(puppet.pid)
    .then(({ process }) => process);
  letGo(puppet);
  const directory = mkdtempSync(join(tmpdir(), 'vdsowatch-criu-'));
  try {
    const trip = await roundTrip(puppet, { criu: join(testRoots, 'bin', 'criu-4.2'), directory, keep: true });
    assert.equal(trip.restore, 'in-place');
    const seen = await watch().settled(pid);
    assert.equal(seen.space.verdict?.vdso?.start, start, 'where it was when it was dumped');
    assert.equal(seen.space.verdict?.vdso?.moved, false);
    const calls = watch().lines.filter((line) => isCall(line.event) && line.comm === 'criu');
    const effects = calls.filter(({ text }) => /vDSO (moved|unmapped|mapped)/.test(text));
    assert.ok(effects.length > 0);
    for (const { text, severity } of effects) {
      assert.match(text, /\(CRIU (testing the kernel|restoring a process)\)$/);
      assert.equal(severity, 'info');
    }
    assert.ok(effects.some(({ text }) => text.endsWith('(CRIU restoring a process)')));
  } finally {
    process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true });
  }
});

test(
  'a writer in a pid namespace of its own names its victim by a number that is another process here',
  live,
  async () => {
    await withPuppet(async (puppet) => {
      assert.equal(await puppet.call('unshare', 0x20000000n), 0n);
      const init = await puppet.fork();
      const inner = await init.fork();
      // The first process in a fresh namespace is 1, the next is 2.
      const number = Number(await inner.call('getpid'));
      assert.equal(number, 2);
      const born = await watch().line(
        'the fork inside',
        ({ event, pid }) => event?.kind === 'fork' && pid === init.pid,
      );
      assert.ok(born.event?.kind === 'fork');
      const victim = born.event.childPid;
      const { start } = vdsoOf(init);
      const { results } = await init.run(
        call('ptrace', 0x4206, number, 0, 0),
        call('ptrace', 0x4207, number, 0, 0),
        call('wait4', number, 0, 0x40000000n, 0),
        call('ptrace', 4, number, start + 0x1ff0n, 0x90909090),
        call('ptrace', 17, number, 0, 0),
      );
      assert.equal(results[3], 0n);
      const line = await watch().line('the poke', ({ event, pid }) => event?.kind === 'poke' && pid === init.pid);
      assert.equal(line.target, victim);
      assert.match(line.text, new RegExp(`into process ${victim} \\(.*; 2 to the writer\\)`));
      const seen = await watch().settled(victim);
      assert.deepEqual(seen.space.verdict?.vdso?.modifiedPages, [1]);
    });
  },
);

for (const [name, comm] of [
  ['a newline', 'a\nb'],
  ['an escape sequence', '\x1b[2J'],
  ['markup', '{red-fg}x'],
  ['no UTF-8', '\xff\xfe\x80'],
] as const)
  test(`a comm with ${name}: one printable line, the right process`, live, async () => {
    await withPuppet(
      async (puppet) => {
        await moveVdsoAlone(puppet);
        const line = await watch().line('the move', ({ event, pid }) => pid === puppet.pid && isCall(event));
        assert.equal(line.comm, comm, 'the bytes as they are, until they are printed');
        for (const machine of [false, true]) {
          const [text = ''] = lineFace({ machine }).lines([line], 0n);
          assert.doesNotMatch(text, /[^ -~]/);
          assert.ok(text.includes(`${puppet.pid}`));
        }
      },
      Buffer.from(comm, 'latin1'),
    );
  });

test('files and memfds named [vdso] are taken for none', live, async () => {
  await withPuppet(async (puppet) => {
    const { start } = vdsoOf(puppet);
    const descriptor = await puppet.call('memfd_create', '[vdso]', 0);
    assert.ok(descriptor >= 0n);
    await puppet.call('ftruncate', descriptor, 0x2000n);
    assert.ok((await puppet.call('mmap', 0n, 0x2000n, 5n, 2n, descriptor, 0n)) > 0n);
    // Something that makes an event, so that it is read again.
    await puppet.call('mprotect', start, 0x1000n, 1n);
    await puppet.call('unshare', 0x4000000n);
    const seen = await watch().settled(puppet.pid);
    assert.equal(seen.space.verdict?.vdso?.start, start);
    assert.equal(seen.space.verdict?.vdso?.moved, false);
    assert.equal(SCRATCH > 0, true);
  });
});
