import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { makePlan, type Plan } from '../../src/bpftrace/plan.js';
import { childrenOf, ended, MAIN, pause } from './programs.js';

/** Something that traces until it is stopped; `stop` comes back when the kernel is rid of it. */
export interface Tracer {
  /** Of the process that was started. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** What watch runs on this host. */
export const planHere = async (): Promise<Plan | string> => {
  const plan = await makePlan();
  return plan.ok ? plan.value : plan.failure.text;
};

/** The system call tracepoints of a plan, entries and exits. */
export const callPoints = ({ main }: Plan): readonly string[] =>
  main.points.filter((point) => point.startsWith('tracepoint:syscalls:'));

export const NOTHING: Tracer = { pid: 0, stop: async () => {} };

/** `vdsowatch watch`, its lines thrown away, from the moment that all probes are attached. */
export const startWatch = async (args: readonly string[] = ['-o', 'ndjson']): Promise<Tracer> => {
  const child = spawn(process.execPath, [MAIN, 'watch', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  await said(child, child.stdout, '"mode":"ebpf"');
  return tracer(child);
};

/** A bpftrace of our own with this script, its output thrown away. */
export const startBpftrace = async (path: string, script: string): Promise<Tracer> => {
  const child = spawn(path, ['-f', 'json', '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(script);
  await said(child, child.stdout, '"attached_probes"');
  return tracer(child);
};

export const startPerfTrace = async (calls: readonly string[]): Promise<Tracer> => {
  const args = ['trace', '-a', '-e', calls.join(','), '-o', '/dev/null'];
  const child = spawn('perf', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  // It does not say when it is ready.
  await pause(1500);
  if (child.exitCode !== null) throw new Error('perf trace does not run');
  return tracer(child);
};

/** Resolves at the first line with that text; what comes later is read and thrown away. */
const said = (child: ChildProcess, stream: NodeJS.ReadableStream, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let before = '';
    const look = (chunk: string): void => {
      before = (before + chunk).slice(-65_536);
      if (!before.includes(text)) return;
      stream.off('data', look);
      stream.resume();
      resolve();
    };
    stream.setEncoding('latin1').on('data', look);
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it said ${text}`)));
    child.once('error', reject);
  });

const tracer = (child: ChildProcess): Tracer => {
  const pid = child.pid ?? 0;
  return {
    pid,
    stop: async () => {
      const all = [pid, ...childrenOf(pid)];
      child.kill('SIGINT');
      await ended(child);
      for (const one of all) while (existsSync(`/proc/${one}`)) await pause(50);
    },
  };
};
