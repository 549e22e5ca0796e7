import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sizeOf } from '../../src/model/vma.js';
import { DATA, SCRATCH } from '../../src/puppet/layout.js';
import { moveVdsoAlone, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { call } from '../../src/puppet/step.js';
import { cover, moveApart, moveBlock, moveBurst, unmap } from '../puppet/moves.js';
import { startPuppet } from '../puppet/puppet.js';
import { interrupt, loop } from '../puppet/step.js';
import { withEach } from '../puppet/with-puppet.js';

test(
  'answers calls, and errors as negative errno',
  withEach(async (puppet) => {
    assert.equal(await puppet.call('getpid'), BigInt(puppet.pid));
    assert.equal(await puppet.call('munmap', 1, 4096), -22n);
    assert.equal(await puppet.call('getppid'), BigInt(process.pid));
  }),
);

test(
  'a loop repeats steps and counts failures',
  withEach(async (puppet) => {
    const { results, failures } = await puppet.run(call('getpid'), call('munmap', 1, 1), loop(0, 1000));
    assert.equal(results[0], BigInt(puppet.pid));
    assert.deepEqual(failures.slice(0, 2), [0, 1000]);
  }),
);

test(
  'peeks and pokes',
  withEach(async (puppet) => {
    await puppet.poke(BigInt(SCRATCH), Buffer.from('hello'));
    assert.equal((await puppet.peek(BigInt(SCRATCH), 5)).toString(), 'hello');
    assert.equal((await puppet.peek(BigInt(DATA), 0)).length, 0);
  }),
);

const ODD = Buffer.from('a\n\x1b[2J{}\xff', 'latin1');
test(
  'comm may be any bytes',
  withEach(
    async ({ pid }) => {
      assert.equal(readFileSync(`/proc/${pid}/comm`, 'latin1'), `${ODD.toString('latin1')}\n`);
    },
    { comm: ODD },
  ),
);

test(
  'forks, vforks, shares memory, makes threads: each is asked by itself',
  withEach(async (puppet) => {
    const forked = await puppet.fork();
    assert.equal(await forked.call('getppid'), BigInt(puppet.pid));
    const vforked = await puppet.fork('vfork');
    assert.equal(await vforked.call('getpid'), BigInt(vforked.pid));
    await vforked.kill();
    const sharing = await puppet.fork({ flags: 0x100n });
    await sharing.poke(BigInt(SCRATCH), Buffer.from('shared'));
    assert.equal((await puppet.peek(BigInt(SCRATCH), 6)).toString(), 'shared');
    assert.equal((await forked.peek(BigInt(SCRATCH), 6)).toString('latin1'), '\0'.repeat(6));
    const thread = await puppet.fork({ flags: 0x10f00n });
    assert.equal(await thread.call('getpid'), BigInt(puppet.pid));
    assert.notEqual(await thread.call('gettid'), BigInt(puppet.pid));
    for (const one of [thread, sharing, forked]) await one.kill();
    assert.equal(await puppet.call('getpid'), BigInt(puppet.pid));
  }),
);

test(
  'execs itself, first and forked, and a failed exec leaves it alive',
  withEach(async (puppet) => {
    assert.equal(await puppet.exec({ path: '/nowhere' }), -2n);
    const before = vdsoOf(puppet).start;
    assert.equal(await puppet.exec({ args: ['one', 'two words'], env: ['A=b'] }), 0n);
    assert.equal(await puppet.call('getpid'), BigInt(puppet.pid));
    assert.equal(readFileSync(`/proc/${puppet.pid}/cmdline`, 'latin1'), 'one\0two words\0');
    assert.equal(readFileSync(`/proc/${puppet.pid}/environ`, 'latin1'), 'A=b\0');
    assert.notEqual(vdsoOf(puppet).start, before);
    const forked = await puppet.fork();
    assert.equal(await forked.exec(), 0n);
    assert.equal(await forked.call('getpid'), BigInt(forked.pid));
    assert.equal(await forked.call('getppid'), BigInt(puppet.pid));
    await forked.kill();
  }),
);

test(
  'moves its vDSO alone, as a block, apart; unmaps and covers it',
  withEach(async (puppet) => {
    const native = vdsoBlock(puppet);
    const alone = await moveVdsoAlone(puppet);
    assert.equal(vdsoOf(puppet).start, alone);
    assert.deepEqual(vdsoBlock(puppet).data, native.data);

    const [first] = vdsoBlock(puppet).all;
    const block = await moveBlock(puppet);
    assert.equal(vdsoOf(puppet).start, block);
    assert.equal(vdsoBlock(puppet).all.length, native.all.length);
    assert.notEqual(vdsoBlock(puppet).all[0]?.start, first?.start);

    const apart = await moveApart(puppet);
    assert.equal(vdsoOf(puppet).start, apart);
    const { all } = vdsoBlock(puppet);
    assert.ok(all.every((vma, index) => index === 0 || all[index - 1]?.end !== vma.start));

    const vdso = vdsoOf(puppet);
    assert.equal(await cover(puppet, vdso.start, sizeOf(vdso)), vdso.start);
    assert.equal(vdsoBlock(puppet).vdso, undefined);
    assert.equal(await unmap(puppet, vdsoBlock(puppet).data), 0n);
    assert.deepEqual(vdsoBlock(puppet).all, []);
    assert.equal(await puppet.call('getpid'), BigInt(puppet.pid), 'needs no vDSO');
  }),
);

test(
  '20,000 moves in a burst all succeed',
  withEach(async (puppet) => {
    const { start } = vdsoOf(puppet);
    assert.equal(await moveBurst(puppet, 10_000), 0);
    assert.equal(vdsoOf(puppet).start, start);
  }),
);

test('a 64-bit process makes system calls through int 0x80', {
  skip: arch() !== 'x64' && 'x86 alone has int 0x80',
}, async () => {
  const started = await startPuppet({ abi: 'x86_64' });
  assert.ok(started.ok);
  const { results } = await started.value.run(interrupt(20), interrupt(91, 1, 4096));
  await started.value.kill();
  assert.deepEqual(results, [BigInt(started.value.pid), -22n]);
});

test('ends with its maker, with all it forked, however that ends', async () => {
  const script = `
    import { startPuppet } from ${JSON.stringify(new URL('../puppet/puppet.js', import.meta.url).href)};
    import { candidateAbis } from ${JSON.stringify(new URL('../../src/puppet/abi.js', import.meta.url).href)};
    const started = await startPuppet({ abi: candidateAbis()[0] });
    const forked = await started.value.fork();
    const vforked = await forked.fork('vfork');
    console.log([started.value.pid, forked.pid, vforked.pid].join(' '));
    process.kill(process.pid, 'SIGKILL');
  `;
  let output = '';
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  } catch (error) {
    assert.ok(error instanceof Error && 'stdout' in error);
    output = String(error.stdout);
  }
  const pids = output.trim().split(' ').map(Number);
  assert.equal(pids.length, 3);
  for (let round = 0; round < 100 && pids.some(isAlive); round += 1) await sleep(20);
  assert.deepEqual(pids.filter(isAlive), []);
});

const isAlive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
};
