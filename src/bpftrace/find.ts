import { accessSync, constants, existsSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { atLeast, parseRelease } from '../judge/release.js';
import { failed, failure, type Outcome, success } from '../model/failure.js';
import { printable } from '../text/escape.js';
import { KERNEL_BTF, readKernelBtf } from './host.js';

export interface Bpftrace {
  readonly path: string;
  /** As it prints it, without the "v". */
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

/** From 0.17 on the scripts of probes/ work as they are. */
const OLDEST = { major: 0, minor: 17 } as const;

/** A bpftrace that was named is not replaced by installing one. */
const CORRECT = 'let VDSOWATCH_BPFTRACE name a bpftrace 0.17 or newer, or unset it to use the installed one';
const INSTALL = 'install bpftrace 0.17 or newer (npm start -- --setup, or apt install bpftrace)';

/** The bpftrace to use: `chosen`, $VDSOWATCH_BPFTRACE, or the first on $PATH or in the folders of root's programs. */
export const findBpftrace = async (
  chosen?: string,
  env: NodeJS.ProcessEnv = process.env,
  stopped?: AbortSignal,
): Promise<Outcome<Bpftrace>> => {
  const named = chosen ?? (env['VDSOWATCH_BPFTRACE'] || undefined);
  const path = named ?? onPath('bpftrace', env);
  if (path === undefined) return failed(failure('no-bpftrace', 'bpftrace was not found', INSTALL));
  const mend = named === undefined ? INSTALL : CORRECT;
  if (!existsSync(path)) return failed(failure('no-bpftrace', `there is no bpftrace at ${printable(path)}`, mend));
  // Version and library faults only: it needs no privilege.
  const asked = await execa(path, ['--version'], {
    reject: false,
    timeout: 20_000,
    stdin: 'ignore',
    maxBuffer: 65_536,
    ...(stopped === undefined ? {} : { cancelSignal: stopped }),
  });
  const version = parseVersion(asked.stdout);
  if (version === undefined) {
    const said = printable((asked.stderr || asked.shortMessage || 'nothing').split('\n')[0] ?? '').slice(0, 200);
    return failed(failure('no-bpftrace', `${printable(path)} does not say which bpftrace it is: ${said}`, mend));
  }
  if (isOlder(version, OLDEST)) return failed(failure('old-bpftrace', `bpftrace ${version.version} is too old`, mend));
  return success({ path, ...version });
};

/** "bpftrace v0.17.0", "bpftrace v0.23.2-dirty" */
export const parseVersion = (text: string): Omit<Bpftrace, 'path'> | undefined => {
  const match = /^bpftrace v?((\d{1,3})\.(\d{1,3})[\w.+-]{0,40})\s*$/m.exec(text);
  return match?.[1] === undefined ? undefined : { version: match[1], major: Number(match[2]), minor: Number(match[3]) };
};

const isOlder = (a: { major: number; minor: number }, b: { major: number; minor: number }): boolean =>
  a.major !== b.major ? a.major < b.major : a.minor < b.minor;

/** `-`: the script comes on standard input. Never -v (it prints into the records), never -B (json is flushed by line). */
export const ARGUMENTS = ['-f', 'json', '--no-warnings', '-'] as const;

/**
 * Since 0.19 all CPUs write into one ring, read in order, on kernels that have such (is_ringbuf_enabled, src/bpftrace.h);
 * before, and elsewhere, there is one per CPU.
 */
export const hasOneRing = (bpftrace: Bpftrace, kernelHasIt = kernelHasRing()): boolean =>
  kernelHasIt && !isOlder(bpftrace, { major: 0, minor: 19 });

/** BPF_MAP_TYPE_RINGBUF: 5.8; that RHEL 8 has it on its 4.18 is told by the BTF alone. */
export const knowsRing = (kernel: string, btf: () => Buffer | undefined): boolean =>
  atLeast(parseRelease(kernel), 5, 8) === true || btf()?.includes('BPF_MAP_TYPE_RINGBUF') === true;

const kernelHasRing = (): boolean => {
  ringKnown ??= knowsRing(release(), readKernelBtf);
  return ringKnown;
};
let ringKnown: boolean | undefined;

/** What this version has to be told by its environment; the names have changed (measured). */
export const environmentFor = (bpftrace: Bpftrace, ringPages = RING_PAGES): Readonly<Record<string, string>> => {
  const pages = hasOneRing(bpftrace) ? ringPages : floorPowerOfTwo(Math.max(64, ringPages / cpus().length));
  const isOldKernel = atLeast(parseRelease(release()), 5, 11) !== true;
  // bpftrace 0.17 on kernels before 5.11 finds the vmlinux BTF only when it is told where (measured).
  const needsBtf = isOlder(bpftrace, { major: 0, minor: 20 }) && isOldKernel && existsSync(KERNEL_BTF);
  return {
    BPFTRACE_PERF_RB_PAGES: String(pages),
    BPFTRACE_COLOR: 'never',
    ...(needsBtf ? { BPFTRACE_BTF: KERNEL_BTF } : {}),
  };
};

/** 16 MiB: what newer versions take by themselves; a stall of a second at 60,000 events a second. */
const RING_PAGES = 4096;

const floorPowerOfTwo = (value: number): number => 2 ** Math.floor(Math.log2(value));

/** First executable of that name on $PATH or in the folders of root's programs, which sudo and cron may leave out. */
export const onPath = (program: string, env: NodeJS.ProcessEnv): string | undefined =>
  [...(env['PATH'] ?? '').split(delimiter), ...ROOTS_FOLDERS]
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, program))
    .find(isExecutable);

const ROOTS_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** By this user; false also where it is not there. */
export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
