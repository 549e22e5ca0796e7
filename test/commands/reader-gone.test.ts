import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testFolder } from '../folder.js';
import { recordedStory } from '../trace/story.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

test('a reader that leaves early is no failure', async () => {
  for (const verb of [['schema'], ['ps'], ['--help'], ['ps', '--help']]) {
    const child = spawn(process.execPath, [main, ...verb], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const [status] = await once(child, 'close');
    assert.equal(status, 0, complaints);
    assert.doesNotMatch(complaints, /Error|at /);
  }
});

test('what cannot be said on standard error ends no verb that goes on', async (context) => {
  const folder = testFolder(context);
  const torn = join(folder, 'torn');
  writeFileSync(torn, recordedStory().slice(0, -20));
  const full = openSync('/dev/full', 'w');
  context.after(() => closeSync(full));
  for (const stderr of [full, 'pipe'] as const)
    for (const [status, ...words] of [
      [0, 'replay', torn, '-o', 'ndjson'],
      [7, 'record', '--no-bpf', '-o', join(folder, String(stderr)), '--', 'sh', '-c', 'exit 7'],
    ] as const) {
      const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', stderr] });
      child.stderr?.destroy();
      const [ended] = await once(child, 'close');
      assert.equal(ended, status, words[0]);
    }
});
