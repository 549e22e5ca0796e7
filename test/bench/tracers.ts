import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { makePlan, type Plan } from '../../src/bpftrace/plan.js';
import { childrenOf, ended, MAIN, pause } from './programs.js';

/** Something that traces until it is stopped; `stop` comes back when the kernel is rid of it. */
export interface Tracer {
  /** Of the process that was started. */
  readonly pid: number;
  /** Occurrences of the text given at the start in what it has printed. */
  readonly counted: () => number;
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

export const NOTHING: Tracer = { pid: 0, counted: () => 0, stop: async () => {} };

/** `vdsowatch watch`, its lines thrown away, from the moment that all probes are attached. */
export const startWatch = async (count?: string): Promise<Tracer> => {
  const args = [MAIN, 'watch', '-o', 'ndjson'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await said(child, child.stdout, '"mode":"ebpf"');
  return tracer(child, counting(child.stdout, count));
};

/** A bpftrace of our own with this script, its output thrown away. What is declared last is attached last. */
export const startBpftrace = async (path: string, script: string, count?: string): Promise<Tracer> => {
  const child = spawn(path, ['-f', 'json', '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(`${script}\ninterval:ms:200 { printf("attached\\n"); }\n`);
  await said(child, child.stdout, '"attached\\n"');
  return tracer(child, counting(child.stdout, count));
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

/** Counts a text in all that comes; without one, all is read and thrown away. */
const counting = (stream: NodeJS.ReadableStream, text: string | undefined): (() => number) => {
  let count = 0;
  let rest = '';
  stream.on('data', (chunk: string) => {
    if (text === undefined) return;
    const parts = (rest + chunk).split(text);
    count += parts.length - 1;
    // Half of the text may be at the end; a whole one cannot be.
    rest = (parts.at(-1) ?? '').slice(-(text.length - 1));
  });
  return () => count;
};

const tracer = (child: ChildProcess, counted: () => number = () => 0): Tracer => {
  const pid = child.pid ?? 0;
  return {
    pid,
    counted,
    stop: async () => {
      const all = [pid, ...childrenOf(pid)];
      child.kill('SIGINT');
      await ended(child);
      for (const one of all) while (existsSync(`/proc/${one}`)) await pause(50);
    },
  };
};
