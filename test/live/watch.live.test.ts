import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { CallEvent, MappingCall } from '../../src/model/event.js';
import type { HistoryLine } from '../../src/model/state.js';
import { sizeOf } from '../../src/model/vma.js';
import { type Abi, candidateAbis } from '../../src/puppet/abi.js';
import { SCRATCH } from '../../src/puppet/layout.js';
import { moveVdsoAlone, reserve, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { call } from '../../src/puppet/step.js';
import { cover, moveBlock, unmap } from '../puppet/moves.js';
import { type Puppet, startPuppet } from '../puppet/puppet.js';
import { withPuppet } from '../puppet/with-puppet.js';
import { needs } from './needs.js';
import { isCall, type Seen, undisturbed, watchingFor } from './watching.js';

/**
 * Processes that do each thing to their vDSO, and what the pipeline says: the event with the right
 * process, addresses and result, and the right state afterwards. One pipeline watches all of them, as it would.
 */

const live = needs('root', 'bpftrace');
const watch = watchingFor(live);

type Body = (puppet: Puppet, abi: Abi, context: TestContext) => Promise<void>;

/** ABIs that this kernel runs. */
const runnable = async (): Promise<readonly Abi[]> => {
  const found: Abi[] = [];
  for (const abi of candidateAbis()) {
    const started = await startPuppet({ abi });
    if (!started.ok) continue;
    found.push(abi);
    await started.value.kill();
  }
  return found;
};
const ABIS = live.skip === undefined ? await runnable() : candidateAbis().slice(0, 1);

/** Runs `body` with a test process of each ABI; 32-bit calls have to be traced by then. */
const withEach = (name: string, body: Body): void => {
  for (const abi of ABIS)
    test(`${name} (${abi})`, { ...live, timeout: 300_000 }, (context) =>
      undisturbed(watch(), () => withOne(abi, (puppet) => body(puppet, abi, context))),
    );
};

const withOne = (abi: Abi, act: (puppet: Puppet) => Promise<void>): Promise<void> =>
  withPuppet({ abi }, async (puppet) => {
    if (abi === 'i386')
      await watch().until('32-bit probes', ({ tracer }) => (tracer.text.includes('32-bit') ? tracer : undefined));
    await watch().settled(puppet.pid);
    await act(puppet);
  });

/** The line of a call of this process, and its event. */
const callOf = async (puppet: Puppet, name: MappingCall, wanted: (event: CallEvent) => boolean = () => true) => {
  const line = await watch().line(
    `${name} of ${puppet.pid}`,
    ({ event, pid }) => pid === puppet.pid && isCall(event) && event.call === name && wanted(event),
  );
  assert.ok(isCall(line.event));
  return { line, event: line.event };
};

const findings = ({ space }: Seen): readonly string[] => (space.verdict?.findings ?? []).map(({ code }) => code);
const vdsoIn = ({ space }: Seen) => space.verdict?.vdso;

withEach('moves its vDSO alone', async (puppet, abi) => {
  const { start } = vdsoOf(puppet);
  const to = await moveVdsoAlone(puppet);
  const { line, event } = await callOf(puppet, 'mremap');
  assert.equal(event.tgid, puppet.pid);
  assert.equal(event.compat, abi === 'i386');
  assert.equal(event.args[0], start);
  assert.equal(event.args[4], to);
  assert.equal(event.result, to);
  assert.match(line.text, new RegExp(`vDSO moved from 0x${start.toString(16)} to 0x${to.toString(16)}$`));
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen)?.start, to);
  assert.equal(vdsoIn(seen)?.moved, true);
  assert.equal(vdsoIn(seen)?.vvarAttached, false);
  assert.equal(seen.space.moves, 1);
  assert.equal(seen.space.evidence?.contextVdso, to);
  const finding = await watch().line(
    'a finding',
    (one) => one.pid === puppet.pid && one.finding?.code === 'vdso-moved',
  );
  assert.equal(finding.finding?.mapping, to);
});

withEach('moves the whole block: still attached', async (puppet) => {
  const to = await moveBlock(puppet);
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen)?.start, to);
  assert.equal(vdsoIn(seen)?.moved, true);
  assert.equal(vdsoIn(seen)?.vvarAttached, true);
});

withEach('moves it there and back: native again, two moves in its history', async (puppet) => {
  const vdso = vdsoOf(puppet);
  const to = await moveVdsoAlone(puppet);
  await puppet.call('mremap', to, sizeOf(vdso), sizeOf(vdso), 3n, vdso.start);
  await callOf(puppet, 'mremap', ({ result }) => result === vdso.start);
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen)?.start, vdso.start);
  assert.equal(vdsoIn(seen)?.moved, false);
  assert.equal(seen.space.moves, 2);
});

withEach('moves all in one call, where the kernel can (6.17)', async (puppet) => {
  const { all, vdso } = vdsoBlock(puppet);
  const [first] = all;
  assert.ok(first !== undefined && vdso !== undefined);
  const size = vdso.end - first.start;
  const to = await reserve(puppet, size);
  const result = await puppet.call('mremap', first.start, size, size, 3n, to);
  const { event, line } = await callOf(puppet, 'mremap');
  assert.equal(event.args[0], first.start);
  assert.equal(event.result, result);
  const seen = await watch().settled(puppet.pid);
  const expected = result === to ? to + (vdso.start - first.start) : vdso.start;
  assert.equal(vdsoIn(seen)?.start, expected);
  if (result === to) assert.match(line.text, new RegExp(`to 0x${expected.toString(16)}$`));
});

withEach('unmaps it', async (puppet) => {
  const vdso = vdsoOf(puppet);
  await unmap(puppet, [vdso]);
  const { line, event } = await callOf(puppet, 'munmap');
  assert.deepEqual(event.args.slice(0, 2), [vdso.start, sizeOf(vdso)]);
  assert.equal(event.result, 0n);
  assert.match(line.text, /vDSO unmapped at/);
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen), null);
  assert.ok(findings(seen).includes('vdso-unmapped'));
  assert.ok(findings(seen).includes('vvar-orphaned'));
});

withEach('maps over it', async (puppet) => {
  const vdso = vdsoOf(puppet);
  assert.equal(await cover(puppet, vdso.start, sizeOf(vdso)), vdso.start);
  const { line } = await callOf(puppet, 'mmap');
  assert.match(line.text, /replaced by other memory/);
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen), null);
});

withEach('is refused: the attempt is shown with its error, nothing changes', async (puppet, _, context) => {
  const vdso = vdsoOf(puppet);
  const result = await puppet.call('munmap', vdso.start, 4096n);
  if (result === 0n) return context.skip('before 5.11 a special mapping can be split');
  const { line, event } = await callOf(puppet, 'munmap');
  assert.equal(event.result, -22n);
  assert.match(line.text, /= -EINVAL.*: refused$/);
  assert.equal(vdsoIn(await watch().settled(puppet.pid))?.moved, false);
});

withEach('reprotects it, writes into it, and takes the right back', async (puppet) => {
  const vdso = vdsoOf(puppet);
  await puppet.call('mprotect', vdso.start, sizeOf(vdso), 7n);
  const { event } = await callOf(puppet, 'mprotect');
  assert.equal(event.args[2], 7n);
  assert.equal(vdsoIn(await watch().settled(puppet.pid))?.permissions, 'rwxp');
  await puppet.poke(vdso.end - 1n, Buffer.from([0x90]));
  await puppet.call('mprotect', vdso.start, sizeOf(vdso), 5n);
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen)?.permissions, 'r-xp');
  assert.deepEqual(vdsoIn(seen)?.modifiedPages, [Number(sizeOf(vdso) / 4096n) - 1]);
  assert.ok(findings(seen).includes('page-modified'));
});

const ENOSYS = -38n;

withEach('seals it, where the kernel can (6.10): then a move is refused', async (puppet, _, context) => {
  const vdso = vdsoOf(puppet);
  const sealed = await puppet.call('mseal', vdso.start, sizeOf(vdso), 0n);
  if (sealed === ENOSYS) return context.skip('no mseal before 6.10');
  assert.equal(sealed, 0n);
  const { event } = await callOf(puppet, 'mseal');
  assert.equal(event.result, 0n);
  assert.equal(await moveVdsoAlone(puppet), -1n);
  const attempt = await callOf(puppet, 'mremap');
  assert.equal(attempt.event.result, -1n);
  const seen = await watch().settled(puppet.pid);
  assert.equal(vdsoIn(seen)?.sealed, true);
  assert.equal(vdsoIn(seen)?.start, vdso.start);
});

/** False: this kernel forbids it; Linux 6.12 and later may (PROC_MEM_NO_FORCE). */
const writeFromOutside = ({ pid }: Puppet, address: bigint): boolean => {
  const file = openSync(`/proc/${pid}/mem`, 'r+');
  try {
    writeSync(file, Buffer.from([0x90]), 0, 1, Number(address));
    return true;
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
};

const copiedPage = ({ pid }: Puppet): Promise<Seen> =>
  watch().until('the copied page', (state) => {
    for (const process of state.processes.values()) {
      const space = process.pid === pid ? state.spaces.get(process.space) : undefined;
      if (space?.verdict?.vdso?.modifiedPages?.length === 1) return { process, space };
    }
    return undefined;
  });

withEach(
  'is written into through /proc/PID/mem: seen by its effect at the next reading',
  async (puppet, _, context) => {
    if (!writeFromOutside(puppet, vdsoOf(puppet).end - 1n)) return context.skip('this kernel forbids it');
    watch().rescan();
    assert.ok(findings(await copiedPage(puppet)).includes('page-modified'));
  },
);

withEach('and among hundreds of processes at the next glance', async (puppet, _, context) => {
  const many = spawn('sh', ['-c', 'for i in $(seq 600); do sleep 1000 & done; wait'], { detached: true });
  const group = many.pid;
  assert.ok(group);
  try {
    await watch().until('six hundred processes', ({ processes }) => (processes.size > 600 ? true : undefined));
    if (!writeFromOutside(puppet, vdsoOf(puppet).end - 1n)) return context.skip('this kernel forbids it');
    assert.ok(findings(await copiedPage(puppet)).includes('page-modified'));
  } finally {
    process.kill(-group, 'SIGKILL');
  }
});

withEach('is written into by another with ptrace', async (puppet, abi) => {
  const vdso = vdsoOf(puppet);
  const writer = await startPuppet({ abi });
  assert.ok(writer.ok);
  try {
    // SEIZE and INTERRUPT, wait for the stop, POKETEXT, DETACH.
    const wait = call('wait4', puppet.pid, 0, 0x40000000n, 0);
    const { results } = await writer.value.run(
      call('ptrace', 0x4206, puppet.pid, 0, 0),
      call('ptrace', 0x4207, puppet.pid, 0, 0),
      wait,
      call('ptrace', 4, puppet.pid, vdso.start + 0x1ff0n, 0x90909090),
      call('ptrace', 17, puppet.pid, 0, 0),
    );
    assert.equal(results[3], 0n);
    const line = await watch().line('the poke', ({ event, pid }) => event?.kind === 'poke' && pid === writer.value.pid);
    assert.ok(line.event?.kind === 'poke');
    assert.equal(line.event.how, 'ptrace');
    assert.equal(line.event.address, vdso.start + 0x1ff0n);
    assert.equal(line.event.result, 0n);
    assert.equal(line.target, puppet.pid);
    const seen = await watch().settled(puppet.pid);
    assert.deepEqual(vdsoIn(seen)?.modifiedPages, [1]);
  } finally {
    await writer.value.kill();
  }
});

withEach('is written into by another with process_vm_writev', async (puppet, abi) => {
  const vdso = vdsoOf(puppet);
  const writer = await startPuppet({ abi });
  assert.ok(writer.ok);
  try {
    await puppet.call('mprotect', vdso.start, sizeOf(vdso), 7n);
    const word = (value: bigint): Buffer => {
      const bytes = Buffer.alloc(abi === 'i386' ? 4 : 8);
      if (abi === 'i386') bytes.writeUInt32LE(Number(value));
      else bytes.writeBigUInt64LE(value);
      return bytes;
    };
    const vector = (address: bigint): Buffer => Buffer.concat([word(address), word(1n)]);
    const result = await writer.value.call(
      'process_vm_writev',
      puppet.pid,
      vector(BigInt(SCRATCH)),
      1,
      vector(vdso.start + 0xfffn),
      1,
      0,
    );
    assert.equal(result, 1n);
    const line = await watch().line(
      'the write',
      ({ event, pid }) => event?.kind === 'poke' && pid === writer.value.pid,
    );
    assert.ok(line.event?.kind === 'poke');
    assert.equal(line.event.how, 'process_vm_writev');
    assert.equal(line.target, puppet.pid);
    const seen = await watch().settled(puppet.pid);
    assert.deepEqual(vdsoIn(seen)?.modifiedPages, [0]);
  } finally {
    await writer.value.kill();
  }
});

withEach('forks after a move: the child has it too, without an event', async (puppet) => {
  const to = await moveVdsoAlone(puppet);
  const child = await puppet.fork();
  const seen = await watch().settled(child.pid);
  assert.equal(vdsoIn(seen)?.start, to);
  assert.equal(vdsoIn(seen)?.moved, true);
  assert.equal(seen.process.parent, puppet.pid);
  assert.notEqual(seen.space.id, (await watch().settled(puppet.pid)).space.id);
  const line = await watch().line('the fork', ({ event }) => event?.kind === 'fork' && event.childPid === child.pid);
  assert.equal(line.pid, puppet.pid);
  await child.kill();
  await watch().until('the end of the child', ({ processes }) =>
    [...processes.values()].find(({ pid, exitedAt }) => pid === child.pid && exitedAt !== undefined),
  );
});

withEach('a child by CLONE_VM moves it: one address space, both see it', async (puppet) => {
  const child = await puppet.fork({ flags: 0x111n });
  const to = await moveVdsoAlone(child);
  await callOf(child, 'mremap');
  const parent = await watch().settled(puppet.pid);
  const shared = await watch().settled(child.pid);
  assert.equal(parent.space.id, shared.space.id);
  assert.equal(parent.space.sharers, 2);
  assert.equal(vdsoIn(parent)?.start, to);
  await child.kill();
});

withEach('a vfork child moves it and is gone: the parent has it', async (puppet) => {
  const child = await puppet.fork('vfork');
  const to = await moveVdsoAlone(child);
  await callOf(child, 'mremap');
  await child.kill();
  const parent = await watch().until('the moved vDSO of the parent', (state) => {
    const seen = [...state.processes.values()].find(
      ({ pid, exitedAt }) => pid === puppet.pid && exitedAt === undefined,
    );
    const space = seen === undefined ? undefined : state.spaces.get(seen.space);
    return space?.verdict?.vdso?.start === to ? space : undefined;
  });
  assert.equal(parent.verdict?.vdso?.moved, true);
});

withEach('executes after a move: a new address space with its vDSO in place', async (puppet) => {
  await moveVdsoAlone(puppet);
  const old = await watch().settled(puppet.pid);
  assert.equal(await puppet.exec(), 0n);
  const line = await watch().line(
    'the exec',
    ({ event, pid, at }) => event?.kind === 'exec' && pid === puppet.pid && at > (old.space.evidence?.takenAt ?? 0n),
  );
  assert.ok(line.event?.kind === 'exec');
  assert.equal(line.event.vdso, vdsoOf(puppet).start);
  const seen = await watch().settled(puppet.pid);
  assert.notEqual(seen.space.id, old.space.id);
  assert.equal(seen.process.key, old.process.key);
  assert.equal(seen.process.generation, old.process.generation + 1);
  assert.equal(vdsoIn(seen)?.start, vdsoOf(puppet).start);
  assert.equal(vdsoIn(seen)?.moved, false);
});

withEach('changes namespaces', async (puppet) => {
  const before = await watch().settled(puppet.pid);
  assert.equal(await puppet.call('unshare', 0x4000000n), 0n);
  const line = await watch().line('the unshare', ({ event, pid }) => event?.kind === 'namespace' && pid === puppet.pid);
  assert.ok(line.event?.kind === 'namespace');
  assert.equal(line.event.flags, 0x4000000n);
  assert.equal(line.event.result, 0n);
  const seen = await watch().settled(puppet.pid);
  assert.notEqual(seen.space.evidence?.namespaces.get('uts'), before.space.evidence?.namespaces.get('uts'));
  assert.equal(vdsoIn(seen)?.moved, false);
});

withEach('an exited process stays for a while, marked', async (puppet) => {
  await puppet.kill();
  const line = await watch().line('the exit', ({ event, pid }) => event?.kind === 'exit' && pid === puppet.pid);
  assert.equal(line.text, 'killed by SIGKILL');
  const process = await watch().until('the mark', ({ processes }) =>
    [...processes.values()].find(({ pid, exitedAt }) => pid === puppet.pid && exitedAt !== undefined),
  );
  assert.equal(process.exitedAt, line.at);
});

withEach('died of a fault, and nobody said that its vDSO had been moved', async (puppet) => {
  await moveVdsoAlone(puppet);
  process.kill(puppet.pid, 'SIGSEGV');
  const line = await watch().line('the end', ({ event, pid }) => event?.kind === 'exit' && pid === puppet.pid);
  assert.match(line.text, /^killed by SIGSEGV, \d+\.\d m?s after its vDSO was moved$/);
  assert.equal(line.severity, 'warning');
});

test('no call was taken for another process', { ...live }, () => {
  const mixed = watch().lines.filter((line: HistoryLine) => isCall(line.event) && line.event.tgid !== line.pid);
  assert.deepEqual(mixed, []);
});
