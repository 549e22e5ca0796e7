import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Evidence } from '../../src/model/evidence.js';
import { listProcesses, sweep } from '../../src/proc/sweep.js';
import { type Answer, madeUpProc, statLine } from './made-up-proc.js';

const kernelThreads = (pids: readonly number[]): Record<string, Answer> =>
  Object.fromEntries(pids.map((pid) => [`/proc/${pid}/stat`, statLine(pid, 'kthread', 'S', 0x200000)]));

const all = async (chunks: AsyncIterable<readonly Evidence[]>): Promise<Evidence[]> => {
  const found: Evidence[] = [];
  for await (const chunk of chunks) found.push(...chunk);
  return found;
};

describe('the sweep', () => {
  test('reads what is a pid, ascending, and nothing else', async () => {
    const { proc } = madeUpProc({
      ...kernelThreads([10, 9, 2]),
      '/proc/self/stat': '',
      '/proc/0x1/stat': '',
      '/proc/007/stat': '',
    });
    const found = await all(sweep({ proc }));
    assert.deepEqual(
      found.map(({ process }) => process.pid),
      [2, 9, 10],
    );
  });

  test('leaves out what ended since the listing, unless it was asked for', async () => {
    const { proc } = madeUpProc({ ...kernelThreads([2]), '/proc/5/comm': 'gone' });
    assert.equal((await all(sweep({ proc }))).length, 1);
    const asked = await all(sweep({ proc, pids: [5, 2] }));
    assert.deepEqual(
      asked.map(({ process, vmas }) => [process.pid, vmas?.length]),
      [
        [5, undefined],
        [2, 0],
      ],
    );
  });

  test('lets the event loop run between two chunks, and stops when told', async () => {
    const { proc } = madeUpProc(kernelThreads(Array.from({ length: 50 }, (_, index) => index + 1)));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    const stop = new AbortController();
    let chunks = 0;
    for await (const chunk of sweep({ proc, slice: 0, signal: stop.signal })) {
      assert.equal(chunk.length, 1);
      if (++chunks === 20) stop.abort();
      await new Promise((done) => setTimeout(done, 1));
    }
    clearInterval(timer);
    assert.equal(chunks, 20);
    assert.ok(ticks > 0);
  });

  test('a /proc that cannot be listed is a failure with its mend', () => {
    const result = listProcesses(madeUpProc({}).proc);
    assert.equal(result.ok, false);
    if (!result.ok) assert.match(result.failure.mend ?? '', /mount -t proc/);
  });
});
