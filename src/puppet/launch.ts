import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type Failure, failed, failure, type Outcome, success } from '../model/failure.js';
import { escapeText } from '../text/escape.js';
import type { Abi } from './abi.js';
import { puppetImage } from './image.js';

/** The child process, and the sockets that its descendants may be asked through (fd 3 and up). */
export interface Launched {
  readonly child: ChildProcess;
  readonly sockets: readonly Duplex[];
}

/**
 * Starts the image of an ABI from a private file (0700, in a folder 0700) that is removed at once; the process keeps it
 * through /proc/self/exe. A folder on a noexec mount is passed over. That a kernel does not run the ABI may show later
 * only, by the missing greeting: glibc's execvp gives such a file to /bin/sh, which ends at once. `seats`: how many
 * sockets.
 */
export const launch = async (abi: Abi, seats: number): Promise<Outcome<Launched>> => {
  let last: Failure = failure('cannot-write', 'no folder is there to put the test process in', MEND);
  for (const folder of folders()) {
    const outcome = await launchFrom(folder, abi, seats);
    if (outcome.ok || outcome.failure.kind !== 'cannot-write') return outcome;
    last = outcome.failure;
  }
  return failed(last);
};

/** The kernel does not run programs of that ABI. */
export const noAbi = (abi: Abi): Failure =>
  failure('no-abi', `this kernel does not run ${abi} programs`, ABI_MEND[abi] ?? null);

const ABI_MEND: Partial<Record<Abi, string>> = {
  i386: 'boot a kernel with CONFIG_IA32_EMULATION=y, and without ia32_emulation=0',
  x32: 'boot a kernel with CONFIG_X86_X32_ABI=y',
};

const MEND = 'set TMPDIR to a folder where files may be made and executed (not mounted noexec)';

const folders = (): readonly string[] => {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return [
    ...new Set([
      tmpdir(),
      ...(runtime === undefined || runtime === '' ? [] : [runtime]),
      '/run',
      '/var/tmp',
      '/dev/shm',
    ]),
  ];
};

const launchFrom = async (folder: string, abi: Abi, seats: number): Promise<Outcome<Launched>> => {
  try {
    const child = spawnFrom(folder, abi, seats);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return success({ child, sockets: child.stdio.slice(3).filter((stream) => stream instanceof Duplex) });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'syscall' in error)) throw error;
    return failed(refusal(abi, folder, error, String(error.code), String(error.syscall).startsWith('spawn')));
  }
};

/** The file is there only while this runs: Node's spawn returns after the exec has worked or failed. */
const spawnFrom = (folder: string, abi: Abi, seats: number): ChildProcess => {
  const own = mkdtempSync(join(folder, 'vdsowatch-'));
  try {
    const file = join(own, 'puppet');
    writeFileSync(file, puppetImage(abi), { mode: 0o700, flag: 'wx' });
    return spawn(file, [], { stdio: stdioOf(seats), env: {}, cwd: '/' });
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};

const refusal = (abi: Abi, folder: string, error: Error, code: string, isStart: boolean): Failure => {
  // musl's execvp tells ENOEXEC; glibc's tells ENOENT where there is no /bin/sh to give the file to.
  if (isStart && (code === 'ENOEXEC' || code === 'ENOENT')) return noAbi(abi);
  if (isStart && code !== 'EACCES')
    return failure(
      'no-process',
      `the test process cannot be started: ${code}`,
      'raise the limits of processes and open files',
      error,
    );
  return failure('cannot-write', `the test process cannot be started from ${escapeText(folder)}: ${code}`, MEND, error);
};

const stdioOf = (seats: number): ('pipe' | 'ignore')[] => [
  'pipe',
  'pipe',
  'ignore',
  ...Array.from({ length: seats }, () => 'pipe' as const),
];
