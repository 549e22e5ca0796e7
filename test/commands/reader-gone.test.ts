import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

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
