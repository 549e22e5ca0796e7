import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lacksGuest, runInGuest } from './guest.js';
import { areRequired } from './needs.js';

/** What holds on this kernel has to hold on others: the probes, what /proc says, the census, the mremap test. */
const FILES = ['probes', 'proc', 'proc-ps', 'hint'];

/**
 * Boots all `guests` at the same time, and reports each file that ran in each as a test. One that a mirror has no more is
 * skipped aloud; that all are missing is a failure where live tests are required (see needs.ts).
 */
export const testGuests = (guests: readonly string[]): void => {
  if (areRequired && guests.every((guest) => lacksGuest(guest) !== undefined))
    throw new Error(`none of ${guests.join(', ')} is here, and VDSOWATCH_REQUIRE_LIVE=1`);
  describe('other kernels', { concurrency: guests.length }, () => {
    for (const guest of guests) {
      test(guest, { skip: lacksGuest(guest) ?? false }, async (context) => {
        const runs = await runInGuest(guest, FILES);
        for (const [file, { status, log }] of runs)
          await context.test(`${file} in ${guest}`, () => {
            const passed = Number(/^# pass (\d+)$/m.exec(log)?.[1] ?? 0);
            assert.ok(status === 0 && passed > 0, `status ${status}, ${passed} passed\n${log}`);
          });
      });
    }
  });
};
