import { spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { ARGUMENTS, type Bpftrace, environmentFor, isExecutable } from './find.js';

/** A bpftrace that runs. Both streams are given from their beginning on, as latin1, to one reader, who may come late. */
export interface Started {
  readonly child: ReturnType<typeof run>;
  readonly stdout: (read: (chunk: string) => void) => void;
  readonly stderr: (read: (chunk: string) => void) => void;
}

/**
 * Starts a script. Its output is read as fast as it comes, always: an undrained pipe makes bpftrace lose events without
 * a word (measured).
 */
export const startBpftrace = (bpftrace: Bpftrace, script: string, ringPages?: number): Started => {
  const child = run(bpftrace, script, ringPages);
  return { child, stdout: fromItsBeginning(child.stdout), stderr: fromItsBeginning(child.stderr) };
};

/**
 * In a session of its own, so that a terminal's Ctrl-C reaches it once, through us. Should we be killed, the kernel ends
 * it, and where that cannot be asked for its next heartbeat, which meets a closed pipe.
 */
const run = (bpftrace: Bpftrace, script: string, ringPages: number | undefined) =>
  execa(...boundToUs(bpftrace.path, ARGUMENTS), {
    input: script,
    buffer: false,
    reject: false,
    detached: true,
    env: environmentFor(bpftrace, ringPages),
  });

const fromItsBeginning = (stream: Readable): Started['stdout'] => {
  const early: string[] = [];
  let give = (chunk: string): void => {
    early.push(chunk);
  };
  stream.setEncoding('latin1').on('data', (chunk: string) => give(chunk));
  return (read) => {
    for (const chunk of early.splice(0)) read(chunk);
    give = read;
  };
};

/** Neither its detaching (70 ms per probe) nor what it says meanwhile keeps us from exiting. */
export const stopBpftrace = ({ child }: Started): void => {
  child.kill('SIGINT');
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref();
};

const STOP_MS = 10_000;

/**
 * The command line that ends by SIGKILL when the process that started it ends, however that comes about
 * (prctl PR_SET_PDEATHSIG, by setpriv of util-linux 2.33 or later, which becomes the command itself). The closed pipe
 * ends an orphaned bpftrace only at its next write, and bpftrace 0.17 was seen to stop writing for good after its
 * ring had overflowed. Without such a setpriv (busybox) the pipe has to do.
 */
export const boundToUs = (program: string, args: readonly string[]): readonly [string, readonly string[]] =>
  isExecutable(program) && canBind() ? ['setpriv', [...DIE_WITH_PARENT, program, ...args]] : [program, args];

const DIE_WITH_PARENT = ['--pdeathsig', 'KILL', '--'];

let bindable: boolean | undefined;

/** Is there such a setpriv? Asked once. */
export const canBind = (): boolean => {
  bindable ??= spawnSync('setpriv', [...DIE_WITH_PARENT, 'true'], { stdio: 'ignore' }).status === 0;
  return bindable;
};
