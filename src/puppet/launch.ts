import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import type { Abi } from './abi.js';
import { puppetImage } from './image.js';
import { CHANNELS } from './layout.js';

/** The child process, and the sockets its descendants may be asked through (fd 3 and up). */
export interface Launched {
  readonly child: ChildProcess;
  readonly sockets: readonly Duplex[];
}

/**
 * Starts the image of an ABI from a private file (0700, in a folder 0700) that is removed at once; the process keeps it
 * through /proc/self/exe. A folder on a noexec mount is passed over. That a kernel without the ABI does not run it shows
 * later, by the missing greeting: execvp gives such a file to /bin/sh, which ends at once.
 */
export const launch = async (abi: Abi): Promise<Outcome<Launched>> => {
  let last: Failure = failure('cannot-write', 'no folder is there to put the test process in', MEND);
  for (const folder of folders()) {
    const outcome = await launchFrom(folder, abi);
    if (outcome.ok) return outcome;
    last = outcome.failure;
  }
  return failed(last);
};

const MEND = 'set TMPDIR to a folder where files may be made and executed (not mounted noexec)';

const folders = (): readonly string[] => {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return [...new Set([tmpdir(), ...(runtime === undefined ? [] : [runtime]), '/run', '/var/tmp', '/dev/shm'])];
};

const launchFrom = async (folder: string, abi: Abi): Promise<Outcome<Launched>> => {
  let own: string | undefined;
  try {
    own = mkdtempSync(join(folder, 'vdsowatch-'));
    const file = join(own, 'puppet');
    writeFileSync(file, puppetImage(abi), { mode: 0o700, flag: 'wx' });
    // Node's spawn returns after the exec has worked or failed, so the file may go right away.
    const child = spawn(file, [], { stdio: STDIO, env: {}, cwd: '/' });
    const refused = await new Promise<Error | undefined>((resolve) => {
      child.once('spawn', () => resolve(undefined));
      child.once('error', resolve);
    });
    if (refused !== undefined)
      return failed(
        failure('cannot-write', `the test process cannot be started: ${escapeText(refused.message)}`, MEND, refused),
      );
    return success({ child, sockets: child.stdio.slice(3).filter((stream) => stream instanceof Duplex) });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return failed(
      failure(
        'cannot-write',
        `the test process cannot be written to ${escapeText(folder)}: ${error.code}`,
        MEND,
        error,
      ),
    );
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true, force: true });
  }
};

const STDIO: ('pipe' | 'ignore')[] = [
  'pipe',
  'pipe',
  'ignore',
  ...Array.from({ length: CHANNELS - 1 }, () => 'pipe' as const),
];
