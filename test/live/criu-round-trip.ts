import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { isVdsoNamed, type Vma } from '../../src/model/vma.js';
import { parseMaps } from '../../src/proc/parse/maps.js';
import { ABI_FACTS } from '../../src/puppet/abi.js';
import { CHANNELS } from '../../src/puppet/layout.js';
import { call, type Step } from '../../src/puppet/step.js';
import type { Puppet } from '../puppet/puppet.js';
import { loop } from '../puppet/step.js';

/** What CRIU made of a process. */
export interface RoundTrip {
  readonly dump: 'ok' | 'fail' | 'fail-kills';
  /** null: nothing to restore. */
  readonly restore: 'in-place' | 'proxy' | 'none' | 'fail' | 'crash' | null;
  /** The restored task, before it is killed. */
  readonly after: Restored | undefined;
}

export interface Restored {
  readonly vmas: readonly Vma[];
  /** Eighth byte from the end of its [vdso]. */
  readonly vdsoByte: number | undefined;
}

/** A process to dump: how to wait for its end, once it is dumped, and how to end it. */
export interface Subject {
  readonly pid: number;
  readonly gone: Promise<void>;
  readonly kill: () => Promise<void>;
}

export interface RoundTripOptions {
  readonly criu: string;
  /** Must be there. */
  readonly directory: string;
  /** CRIU_FAULT of the restore; 127 forces a proxy. */
  readonly fault?: number;
  /** Leave the restored task alive. */
  readonly keep?: boolean;
}

const O_RDWR = 2n;
const AT_FDCWD = -100n;

/**
 * Makes a test process one that CRIU can dump: a session of its own, /dev/null instead of the pipes to us, asleep. It
 * answers no more questions. `later`: what it does after three seconds.
 */
export const letGo = (puppet: Puppet, ...later: readonly Step[]): void => {
  const seconds = Buffer.alloc(16);
  if (ABI_FACTS[puppet.abi].bits === 64) seconds.writeBigUInt64LE(1n, 0);
  else seconds.writeUInt32LE(1, 0);
  const [input, ...others] = Array.from({ length: CHANNELS + 2 }, (_, fd) => fd);
  const steps = [
    call('setsid'),
    call('close', BigInt(input ?? 0)),
    call('openat', AT_FDCWD, '/dev/null', O_RDWR),
    ...others.filter((fd) => fd < 3).map((fd) => call('dup3', 0n, BigInt(fd), 0n)),
    ...others.filter((fd) => fd >= 3).map((fd) => call('close', BigInt(fd))),
  ];
  const sleep = call('nanosleep', seconds, 0n);
  const first = [...steps, ...(later.length === 0 ? [] : [sleep, sleep, sleep, ...later])];
  const endless = [...first, sleep, loop(first.length, 0x7fffffff)];
  // It closes our pipes: the question is never answered, and fails when the process has gone.
  puppet.run(...endless).catch(() => {});
};

/** Dumps, restores, looks whether the task lives on, and kills it unless told otherwise. */
export const roundTrip = async (subject: Subject, options: RoundTripOptions): Promise<RoundTrip> => {
  const { pid } = subject;
  const { criu, directory, fault } = options;
  await untilAsleep(pid);
  if ((await dump(pid, options)) !== 0) {
    await sleep(300);
    const lives = isAlive(pid);
    await subject.kill();
    return { dump: lives ? 'fail' : 'fail-kills', restore: null, after: undefined };
  }
  // The pid must be reaped before it can be given again.
  await subject.gone;
  const environment = fault === undefined ? {} : { CRIU_FAULT: String(fault) };
  const restore = await alone(() =>
    execa(criu, ['restore', '-d', ...common(directory), '-o', 'restore.log'], {
      reject: false,
      timeout: PATIENCE_MS,
      env: environment,
    }),
  );
  await sleep(1200);
  const lives = isAlive(pid);
  const after = lives ? lookAtRestored(pid) : undefined;
  if (lives && options.keep !== true) await killAndWait(pid);
  return { dump: 'ok', restore: restoreWord(restore.exitCode === 0, lives, directory), after };
};

/** Exit status of CRIU. */
export const dump = async (pid: number, { criu, directory }: RoundTripOptions): Promise<number | undefined> => {
  const words = ['dump', '-t', String(pid), ...common(directory), '-o', 'dump.log'];
  return (await execa(criu, words, { reject: false, timeout: PATIENCE_MS })).exitCode;
};

const common = (directory: string): readonly string[] => ['-D', directory, '-v4', '--manage-cgroups=ignore'];

/** For one CRIU; a loaded machine takes long. */
const PATIENCE_MS = 120_000;

let last: Promise<unknown> = Promise.resolve();

/**
 * One restore at a time: the test processes' files are deleted ones, which CRIU makes again below /tmp for a moment, and
 * two restores that do so at once fail with "Can't create ghost regfile: File exists".
 */
const alone = <T>(act: () => Promise<T>): Promise<T> => {
  const next = last.then(act, act);
  last = next.catch(() => {});
  return next;
};

/** A task that CRIU restored: no child of ours, so its end is seen by looking. */
export const restoredSubject = (pid: number): Subject => ({
  pid,
  get gone() {
    return untilGone(pid);
  },
  kill: () => killAndWait(pid),
});

const lookAtRestored = (pid: number): Restored => {
  const { vmas } = parseMaps(readFileSync(`/proc/${pid}/maps`, 'latin1'));
  const vdso = vmas.find(isVdsoNamed);
  if (vdso === undefined || !vdso.read) return { vmas, vdsoByte: undefined };
  const byte = Buffer.alloc(1);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  readSync(memory, byte, 0, 1, Number(vdso.end - 8n));
  closeSync(memory);
  return { vmas, vdsoByte: byte[0] };
};

/** By signal 9 it is CRIU that cleans up after a failure. */
const restoreWord = (succeeded: boolean, lives: boolean, directory: string): RoundTrip['restore'] => {
  const log = readFileSync(join(directory, 'restore.log'), 'latin1');
  if (!succeeded) return /killed by signal (?!9\b)/.test(log) ? 'crash' : 'fail';
  if (!lives) return 'crash';
  if (/remap inplace/.test(log)) return 'in-place';
  return /generate proxy/.test(log) ? 'proxy' : 'none';
};

export const untilAsleep = async (pid: number): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    if (readFileSync(`/proc/${pid}/wchan`, 'latin1').includes('nanosleep')) return;
    await sleep(10);
  }
  throw new Error(`process ${pid} did not fall asleep`);
};

/** Running or stopped; a zombie waits for a parent that may be slow. */
const isAlive = (pid: number): boolean => {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
    throw error;
  }
};

const killAndWait = async (pid: number): Promise<void> => {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await untilGone(pid);
};

const untilGone = async (pid: number): Promise<void> => {
  for (let tries = 0; tries < 300 && existsSync(`/proc/${pid}`); tries += 1) await sleep(10);
};
