import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { filter, firstValueFrom } from 'rxjs';
import { readTree } from '../../src/hook/look.js';
import { observe } from '../../src/pipeline/observe.js';
import { liveSources } from '../../src/pipeline/source.js';
import { procFiles } from '../../src/proc/files.js';
import { cgroupsOf, placeOf } from '../../src/proc/place.js';
import { select } from '../../src/trace/selection.js';
import { MAIN, runProgram } from '../commands/run-program.js';
import { testFolder } from '../folder.js';
import { startContainer } from './container.js';
import { needs } from './needs.js';

test('a container that runc restores: its processes have come back under other pids, and its logs are found', {
  ...needs('root', 'criu', 'runc', 'busybox'),
  timeout: 180_000,
}, async (context) => {
  const hook = join(testFolder(context), 'hook');
  writeFileSync(hook, `#!/bin/sh\nexec ${process.execPath} ${MAIN} hook\n`, { mode: 0o700 });
  const shell = 'sh -c "while :; do sleep 1000; done" & while :; do sleep 1000; done';
  const container = await startContainer(context, shell, hook);
  const files = procFiles();
  // Two shells and what each waits for.
  while (readTree(container.pid(), files).length < 4) await sleep(20);
  assert.equal(placeOf(container.pid(), files), `pid 1 in ${container.group}`);

  // As `watch --cgroup` does.
  const chosen = select({ cgroup: container.group, tree: false }, { cgroupsOf }).filter;
  const swept = observe(liveSources({ planning: undefined, notes: [] }), chosen).pipe(
    filter(({ lines }) => lines.some(({ text }) => text.startsWith('census:'))),
  );
  const { state } = await firstValueFrom(swept);
  const shown = [...state.processes.values()].map(({ pid }) => pid);
  assert.deepEqual(new Set(shown), new Set(readTree(container.pid(), files)));

  await container.checkpoint();
  await container.restore();
  const log = readFileSync(join(container.work, 'restore.log'), 'latin1');
  assert.match(log, /Running pre-resume scripts/);
  assert.doesNotMatch(log, /vdsowatch: pre-resume/, 'nothing is different');
  assert.equal(readTree(container.pid(), files).length, 4);
  const hooks = readFileSync(join(container.images, 'vdsowatch-trace.ndjson'), 'latin1').match(/"action":"[a-z-]+"/g);
  assert.deepEqual(hooks, ['"action":"pre-dump"', '"action":"post-dump"', '"action":"pre-resume"']);

  const { out, errors, status } = await runProgram(['analyze', container.images, container.work]);
  assert.deepEqual([status, errors], [0, '']);
  assert.equal(out.match(/CRIU \S+ dumped it and took \S+ for the vDSO, by its name: right\./g)?.length, 4, out);
  assert.equal(out.match(/It was restored in place/g)?.length, 4, out);

  const trace = join(container.images, 'vdsowatch-trace.ndjson');
  const joined = await runProgram(['analyze', container.images, container.work, trace]);
  assert.deepEqual([joined.status, joined.errors], [0, '']);
  assert.equal(joined.out.match(/^\d+ /gm)?.length, 4, joined.out);
  assert.equal(joined.out.match(/It was restored in place/g)?.length, 4, joined.out);
});
