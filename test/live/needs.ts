import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Live tests need a real kernel, root and tools. Where something is missing the test is skipped aloud with the
 * reason; with VDSOWATCH_REQUIRE_LIVE=1 (CI) a missing thing is a failure, never a skip. What waits for the machine may
 * wait for ever: the time (in ms, of a test or of a whole suite) is for that, and asserts nothing.
 *
 * Use: `test('name', needs('root', 'bpftrace'), async () => {...})`.
 */
export type Need = 'root' | 'bpftrace' | 'criu' | 'valgrind' | 'tmux' | 'chromium' | 'dash' | 'busybox' | 'runc';

export const needs = (...wanted: readonly Need[]): { skip?: string; timeout: number } => {
  const missing = wanted.filter((need) => !isHere(need));
  if (missing.length === 0) return { timeout: HANGS_MS };
  const reason = `live test needs ${missing.join(', ')}`;
  if (areRequired) throw new Error(`${reason}, and VDSOWATCH_REQUIRE_LIVE=1`);
  return { skip: reason, timeout: HANGS_MS };
};

/** In CI: nothing live may be missing. */
export const areRequired = process.env['VDSOWATCH_REQUIRE_LIVE'] === '1';

const HANGS_MS = 600_000;

const isHere = (need: Need): boolean => {
  if (need === 'root') return process.getuid?.() === 0;
  if (need === 'criu') return existsSync(join(testRoots, 'bin', 'criu'));
  return onPath(need) !== undefined;
};

/** Where .ci/newer-suites puts the tools of newer Debian suites (criu, crit, bpftrace-0.23, bpftrace-0.27). */
export const testRoots = process.env['VDSOWATCH_TEST_ROOTS'] ?? '/var/cache/vdsowatch-test';

export const onPath = (program: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
