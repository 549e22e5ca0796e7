import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { boundToUs } from './bound.js';
import { ARGUMENTS, type Bpftrace, environmentFor } from './find.js';

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
