import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { AT_SYSINFO_EHDR, type Evidence } from '../../src/model/evidence.js';
import { isVdsoNamed } from '../../src/model/vma.js';
import { localBootClock } from '../../src/proc/clock.js';
import { showsTheSame, sightOf } from '../../src/proc/glance.js';
import { localProc, readLocalHost } from '../../src/proc/host.js';
import { readProcess } from '../../src/proc/process.js';
import { listProcesses, sweep } from '../../src/proc/sweep.js';
import { candidateAbis } from '../../src/puppet/abi.js';
import { moveVdsoAlone, vdsoBlock, vdsoOf } from '../../src/puppet/moves.js';
import { call } from '../../src/puppet/step.js';
import { moveBlock, moveBurst, unmap } from '../puppet/moves.js';
import { loop } from '../puppet/step.js';
import { withEach, withPuppet } from '../puppet/with-puppet.js';
import { needs } from './needs.js';

const vdsos = (evidence: Evidence): readonly bigint[] | undefined =>
  evidence.vmas?.filter(isVdsoNamed).map(({ start }) => start);

describe('live processes', () => {
  test(
    'an ordinary one is read in one pass, right',
    withEach(async (puppet) => {
      const { all } = vdsoBlock(puppet);
      const evidence = readProcess(puppet.pid, 'census');
      assert.equal(evidence.onlyBlock, true);
      assert.deepEqual(evidence.vmas, all);
      assert.equal(evidence.auxv?.entries.get(AT_SYSINFO_EHDR), vdsoOf(puppet).start);
      assert.equal(evidence.auxv?.wordSize, puppet.abi === 'i386' ? 4 : 8);
      const full = readProcess(puppet.pid, 'full');
      assert.deepEqual(full.vmas, puppet.maps());
      for (const [type, value] of evidence.auxv?.entries ?? []) assert.equal(full.auxv?.entries.get(type), value);
      assert.equal(full.process.parent, process.pid);
      assert.deepEqual(full.process.startTicks, evidence.process.startTicks);
      assert.deepEqual(full.unread, []);
    }),
  );

  test(
    'moved, moved as a block, unmapped: every line, and what auxv still says',
    withEach(async (puppet) => {
      const put = vdsoOf(puppet).start;
      const moved = await moveVdsoAlone(puppet);
      const block = async (): Promise<Evidence> => readProcess(puppet.pid, 'census');
      assert.deepEqual(vdsos(await block()), [moved]);
      assert.equal((await block()).auxv?.entries.get(AT_SYSINFO_EHDR), put);
      assert.deepEqual((await block()).vmas, puppet.maps());
      const again = await moveBlock(puppet);
      assert.deepEqual(vdsos(await block()), [again]);
      await unmap(puppet, vdsoBlock(puppet).all);
      assert.deepEqual(vdsos(await block()), []);
      assert.deepEqual((await block()).unread, []);
    }),
  );

  test('a glance shows a page that was written, and a new name', async () => {
    const abi = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    await withPuppet({ abi }, async (puppet) => {
      const sight = sightOf(readProcess(puppet.pid, 'census'), undefined);
      assert.ok(sight);
      assert.equal(showsTheSame(puppet.pid, sight, localProc()), true);
      // By its own hand: from outside, through /proc/PID/mem, newer kernels may forbid it.
      const { start, end } = vdsoOf(puppet);
      await puppet.call('mprotect', start, end - start, 7n);
      await puppet.poke(end - 8n, Buffer.from([0xcc]));
      await puppet.call('mprotect', start, end - start, 5n);
      assert.equal(showsTheSame(puppet.pid, sight, localProc()), false);
    });
    await withPuppet({ abi }, async (puppet) => {
      const sight = sightOf(readProcess(puppet.pid, 'census'), undefined);
      assert.ok(sight);
      // PR_SET_NAME, to what a vDSO begins with.
      assert.equal(await puppet.call('prctl', 15n, vdsoOf(puppet).start), 0n);
      assert.equal(showsTheSame(puppet.pid, sight, localProc()), false);
    });
  });

  test(
    'in a storm of moves no read claims that there is no vDSO, or that there are two',
    withEach(async (puppet) => {
      // Thousands of mappings between the two places make torn reads common.
      await puppet.run(
        call('mmap', 0n, 4096n, 0n, 0x22n, -1n, 0n),
        call('mmap', 0n, 4096n, 1n, 0x22n, -1n, 0n),
        loop(0, 1500),
      );
      const here = vdsoOf(puppet).start;
      let storming = true;
      const storm = moveBurst(puppet, 30_000).finally(() => {
        storming = false;
      });
      // When an assertion fails first, that is what is to be told, not that the test process was then killed.
      storm.catch(() => {});
      const places = new Set<bigint>();
      const counts = { one: 0, torn: 0 };
      for (let reads = 0; storming && reads < 300; reads++) {
        const evidence = readProcess(puppet.pid, 'census');
        const found = vdsos(evidence);
        if (found === undefined) {
          assert.equal(evidence.unread[0]?.why, 'torn');
          counts.torn += 1;
        } else {
          assert.equal(found.length, 1, `${found.length} [vdso] believed`);
          counts.one += 1;
          places.add(found[0] ?? 0n);
        }
        await new Promise((done) => setImmediate(done));
      }
      assert.equal(await storm, 0);
      assert.ok(places.size <= 2, [...places].join());
      assert.deepEqual(vdsos(readProcess(puppet.pid, 'census')), [here]);
    }),
  );

  test(
    'one whose main thread has ended is read through another thread',
    withEach(async (puppet) => {
      const { start } = vdsoOf(puppet);
      const thread = await puppet.fork({ flags: 0x10f00n });
      puppet.call('exit', 0).catch(() => {});
      for (let turn = 0; turn < 200 && !isZombie(puppet.pid); turn++) await new Promise((done) => setTimeout(done, 5));
      assert.ok(isZombie(puppet.pid));
      const evidence = readProcess(puppet.pid, 'census');
      assert.deepEqual(vdsos(evidence), [start]);
      await thread.call('exit_group', 0).catch(() => {});
    }),
  );

  test(
    'one that was killed is gone',
    withEach(async (puppet) => {
      await puppet.kill();
      const evidence = readProcess(puppet.pid, 'full');
      assert.equal(evidence.vmas, undefined);
      assert.deepEqual(evidence.unread, [{ what: 'stat', why: 'gone', detail: 'ENOENT' }]);
    }),
  );

  test('a zombie has no memory', async () => {
    // It outlives the shell's exec: then nobody waits for it.
    const shell = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 100'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = await once(shell.stdout, 'data');
      const pid = Number(String(line));
      for (let turn = 0; turn < 200 && !isZombie(pid); turn++) await new Promise((done) => setTimeout(done, 5));
      const evidence = readProcess(pid, 'full');
      assert.deepEqual(evidence.vmas, []);
      assert.equal(evidence.process.state, 'Z');
    } finally {
      shell.kill('SIGKILL');
    }
  });

  test('a sweep has everybody who is listed', async () => {
    const listed = listProcesses();
    assert.ok(listed.ok);
    const found = new Map<number, Evidence>();
    for await (const chunk of sweep()) for (const evidence of chunk) found.set(evidence.process.pid, evidence);
    assert.ok(found.has(process.pid) && found.has(1));
    assert.ok(listed.value.filter((pid) => found.has(pid)).length > listed.value.length / 2);
  });
});

const isZombie = (pid: number): boolean => / Z \d/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

describe('the host', () => {
  test(
    'root sees frames, and they are those of an x86_64 or aarch64 process’s vDSO',
    needs('root'),
    async (context) => {
      const { host, privileged } = readLocalHost();
      if (!privileged) return context.skip('this root sees no frames');
      await withPuppet({ abi: process.arch === 'arm64' ? 'aarch64' : 'x86_64' }, async (puppet) => {
        const [frames] = host.reference.values();
        const { start, end } = vdsoOf(puppet);
        for (let page = start; page < end; page += BigInt(host.pageSize)) await puppet.peek(page, 8);
        const words = readProcess(puppet.pid, 'census').pagemap.get(start);
        assert.deepEqual(
          [...(words ?? [])].map((word) => word & ((1n << 55n) - 1n)),
          frames,
        );
      });
    },
  );

  test('nobody sees other users’ memory, and is told so', needs('root'), async () => {
    const script = `
      const { readProcess } = await import(${JSON.stringify(new URL('../../src/proc/process.js', import.meta.url).href)});
      const { readLocalHost } = await import(${JSON.stringify(new URL('../../src/proc/host.js', import.meta.url).href)});
      process.setgid(65534);
      process.setuid(65534);
      const { unread, vmas, process: { comm } } = readProcess(Number(process.argv[1]), 'full');
      console.log(JSON.stringify({ unread, read: vmas !== undefined, comm, privileged: readLocalHost().privileged }));
    `;
    await withPuppet({ abi: candidateAbis()[0] ?? 'x86_64', comm: Buffer.from('a)\n\u001b[2J') }, async ({ pid }) => {
      // Node 20 does not become another user where it may have an io_uring (CVE-2024-22017).
      const env = { ...process.env, UV_USE_IO_URING: '0' };
      const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script, String(pid)], { env });
      const seen: unknown = JSON.parse(stdout);
      assert.deepEqual(seen, {
        unread: [{ what: 'maps', why: 'denied', detail: 'EACCES' }],
        read: false,
        comm: 'a)\n\u001b[2J',
        privileged: false,
      });
    });
  });

  test('the boot clock agrees with /proc/uptime', () => {
    const clock = localBootClock();
    const before = Number(clock.now()) / 1e9;
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
    const after = Number(clock.now()) / 1e9;
    assert.ok(uptime > before - 0.02 && uptime < after + 0.01, `${before} ${uptime} ${after}`);
  });
});
