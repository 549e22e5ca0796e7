import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { decodeImage } from '../../src/criu/decode.js';
import type { ImageKind } from '../../src/criu/framing.js';
import { readImages } from '../../src/criu/images.js';
import { parseMemory } from '../../src/criu/memory.js';
import { parsePagemap } from '../../src/criu/pagemap.js';
import {
  CoreSchema,
  InventorySchema,
  KernelIdsSchema,
  StatsSchema,
  TaskSchema,
  TimeNamespaceSchema,
} from '../../src/criu/schema/image_pb.js';
import { testFolder } from '../folder.js';
import { moveBlock } from '../puppet/moves.js';
import { startPuppet } from '../puppet/puppet.js';
import { letGo, untilAsleep } from './criu-round-trip.js';
import { needs, testRoots } from './needs.js';

/** What crit prints for an image; numbers above 2^53 as strings of digits, so nothing is rounded. */
const crit = async (path: string): Promise<readonly unknown[]> => {
  const { stdout } = await execa(join(testRoots, 'bin/crit'), ['decode', '-i', path]);
  const parsed: unknown = JSON.parse(stdout.replace(/(?<=[:[,] ?)(\d{16,})(?=[,}\]])/g, '"$1"'));
  assert.ok(typeof parsed === 'object' && parsed !== null && 'entries' in parsed && Array.isArray(parsed.entries));
  return parsed.entries;
};

/** The value at a path of crit's tree as text; "" when it has none (an optional field that was not written). */
const at = (tree: unknown, ...path: readonly (string | number)[]): string => {
  let here = tree;
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return '';
    here = Object.entries(here).find(([key]) => key === String(step))?.[1];
  }
  return here === undefined ? '' : String(here);
};

const listed = (tree: unknown, name: string): readonly unknown[] => {
  const value: unknown =
    typeof tree === 'object' && tree !== null ? Object.entries(tree).find(([key]) => key === name)?.[1] : [];
  return Array.isArray(value) ? value : [];
};

const ours = <Desc extends Parameters<typeof decodeImage>[3]>(path: string, kind: ImageKind, schema: Desc) => {
  const { messages, problem } = decodeImage(path, readFileSync(path), kind, schema, 1000);
  assert.equal(problem, undefined);
  return messages;
};

/** Compares every image of a directory that we decode with what crit says of it. Returns how many. */
const compareDirectory = async (directory: string): Promise<number> => {
  let compared = 0;
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const kind = /^(inventory|pstree|core|mm|pagemap|ids|timens)(?:-\d+)?\.img$|^(stats)-/.exec(name);
    const word = kind?.[1] ?? kind?.[2];
    if (word === undefined) continue;
    const entries = await crit(path);
    compared += 1;
    if (word === 'inventory') {
      const [inventory] = ours(path, 'inventory', InventorySchema);
      assert.equal(String(inventory?.imgVersion), at(entries[0], 'img_version'));
      assert.equal(Buffer.from(inventory?.dumpCriuRunId ?? []).toString(), at(entries[0], 'dump_criu_run_id'));
    } else if (word === 'pstree') {
      const tasks = ours(path, 'pstree', TaskSchema).map((task) => [
        task.pid,
        task.ppid,
        task.pgid,
        task.sid,
        task.threads,
      ]);
      assert.deepEqual(
        tasks,
        entries.map((entry) => {
          const numbers = ['pid', 'ppid', 'pgid', 'sid'].map((key) => Number(at(entry, key)));
          return [...numbers, listed(entry, 'threads')];
        }),
      );
    } else if (word === 'core') {
      const [core] = ours(path, 'core', CoreSchema);
      assert.equal(String(core?.x86?.registers?.ip), at(entries[0], 'thread_info', 'gpregs', 'ip'));
      assert.equal(String(core?.x86?.registers?.sp), at(entries[0], 'thread_info', 'gpregs', 'sp'));
      assert.equal(
        core?.x86?.registers?.mode === 2 ? 'COMPAT' : 'NATIVE',
        at(entries[0], 'thread_info', 'gpregs', 'mode'),
      );
      const comm = Buffer.from(core?.task?.comm ?? []).toString();
      assert.equal(comm, at(entries[0], 'tc', 'comm'));
    } else if (word === 'mm') {
      const memory = parseMemory(name, readFileSync(path), 'mm');
      assert.equal(memory.problem, undefined);
      assert.deepEqual(memory.auxv.map(String), listed(entries[0], 'mm_saved_auxv').map(String));
      const areas = memory.areas.map((area) => [
        ...[area.start, area.end, area.offset, area.sharedMemoryId, area.protection, area.flags, area.status],
        area.advice,
      ]);
      const theirs = listed(entries[0], 'vmas').map((vma) => [
        ...['start', 'end', 'pgoff', 'shmid', 'prot', 'flags', 'status'].map((key) => at(vma, key)),
        at(vma, 'madv') || '0',
      ]);
      assert.deepEqual(
        areas.map((area) => area.map(String)),
        theirs,
      );
    } else if (word === 'pagemap') {
      const pagemap = parsePagemap(name, readFileSync(path), 4096n);
      assert.ok('runs' in pagemap && pagemap.problem === undefined);
      assert.equal(pagemap.pagesName, `pages-${at(entries[0], 'pages_id')}.img`);
      const runs = pagemap.runs.map(({ start, end }) => [String(start), String((end - start) / 4096n)]);
      assert.deepEqual(
        runs,
        entries.slice(1).map((entry) => [at(entry, 'vaddr'), at(entry, 'nr_pages')]),
      );
    } else if (word === 'ids') {
      const [ids] = ours(path, 'ids', KernelIdsSchema);
      for (const [key, value] of Object.entries({
        vm_id: ids?.vmId,
        pid_ns_id: ids?.pidNsId,
        uts_ns_id: ids?.utsNsId,
        time_ns_id: ids?.timeNsId,
      }))
        assert.equal(String(value), at(entries[0], key), key);
    } else if (word === 'timens') {
      const [timens] = ours(path, 'timens', TimeNamespaceSchema);
      assert.equal(String(timens?.monotonic?.tvSec), at(entries[0], 'monotonic', 'tv_sec'));
      assert.equal(String(timens?.boottime?.tvNsec), at(entries[0], 'boottime', 'tv_nsec'));
    } else {
      const [stats] = ours(path, 'stats', StatsSchema);
      if (name === 'stats-dump')
        assert.equal(String(stats?.dump?.pagesWritten), at(entries[0], 'dump', 'pages_written'));
    }
  }
  return compared;
};

const dumpOf = async (context: TestContext, pid: number): Promise<string> => {
  const directory = join(testFolder(context), 'img');
  mkdirSync(directory);
  const { exitCode } = await execa(
    join(testRoots, 'bin/criu'),
    ['dump', '-t', String(pid), '-D', directory, '-v4', '--manage-cgroups=ignore', '-o', 'dump.log'],
    { reject: false },
  );
  assert.equal(exitCode, 0, readFileSync(join(directory, 'dump.log'), 'latin1').slice(-2000));
  return directory;
};

for (const abi of ['x86_64', 'i386'] as const) {
  test(`the decoder agrees with crit on the image of a ${abi} process`, needs('root', 'criu'), async (context) => {
    const started = await startPuppet({ abi, comm: Buffer.from('wild\u001b[2J\n') });
    if (!started.ok) return context.skip(started.failure.text);
    context.after(() => started.value.kill());
    const to = await moveBlock(started.value);
    letGo(started.value);
    await untilAsleep(started.value.pid);
    const directory = await dumpOf(context, started.value.pid);
    assert.ok((await compareDirectory(directory)) >= 7);
    const set = await readImages(directory);
    assert.ok(set.ok);
    assert.deepEqual(set.value.problems, []);
    assert.equal(set.value.processes[0]?.comm, 'wild\u001b[2J\n');
    assert.ok(
      set.value.processes[0]?.pages.get(to)?.every((page) => page !== undefined),
      'its moved vDSO was dumped',
    );
  });
}

test('the decoder agrees with crit on a tree of processes', needs('root', 'criu', 'dash'), async (context) => {
  const shell = spawn('dash', ['-c', 'sleep 1000 & sleep 1000 & wait'], { detached: true, stdio: 'ignore' });
  assert.ok(shell.pid !== undefined);
  const { pid } = shell;
  context.after(() => {
    // The whole process group, when the dump has not ended it already.
    if (existsSync(`/proc/${pid}`)) process.kill(-pid, 'SIGKILL');
  });
  while (readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').length < 3)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const directory = await dumpOf(context, pid);
  assert.ok((await compareDirectory(directory)) >= 15);
  const set = await readImages(directory);
  assert.ok(set.ok);
  assert.equal(set.value.processes.length, 3);
});
