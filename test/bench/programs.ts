import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The program itself, as a user's shell starts it once it is built. */
export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** The C programs of this folder, compiled where there is a compiler, and a place for files. */
export interface Programs {
  /** Path of storm.c's program; undefined: no C compiler. */
  readonly storm: string | undefined;
  readonly census: string | undefined;
  readonly folder: string;
  readonly remove: () => void;
}

export const NO_COMPILER = { notMeasured: 'no C compiler (apt install gcc libc6-dev)' } as const;

export const compile = (): Programs => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-bench-'));
  const built = (name: string): string | undefined => {
    const source = fileURLToPath(new URL(`../../../test/bench/${name}.c`, import.meta.url));
    const program = join(folder, name);
    return spawnSync('cc', ['-O2', '-o', program, source], { stdio: 'inherit' }).status === 0 ? program : undefined;
  };
  return {
    storm: built('storm'),
    census: built('census'),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** Standard output of a program that must end well. */
export const output = async (file: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> => {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const said = child.stdout === null ? '' : text(child.stdout);
  const [code] = await ended(child);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: status ${code}`);
  return said;
};

export const ended = async (child: ChildProcess): Promise<readonly [number | null, NodeJS.Signals | null]> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return [child.exitCode, child.signalCode];
};

export const numbersIn = (line: string): readonly number[] => line.trim().split(/\s+/).map(Number);

/** What a whole program took, from start to exit. */
export interface Meter {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly status: number;
}

/** Runs a program under the C meter: its children's time and largest resident size are the kernel's own count. */
export const metered = async (
  { storm, folder }: Programs,
  command: readonly string[],
  { env, stdout = 'ignore' }: { env?: NodeJS.ProcessEnv; stdout?: 'ignore' | number } = {},
): Promise<Meter> => {
  if (storm === undefined) throw new Error('no C compiler');
  const file = join(folder, 'meter');
  const child = spawn(storm, ['meter', file, ...command], {
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, ...env },
  });
  await ended(child);
  const [wall = 0, user = 0, system = 0, rss = 0, status = 0] = numbersIn(readFileSync(file, 'latin1'));
  return { wallMs: wall / 1e6, cpuMs: (user + system) / 1e6, rssMb: rss / 1024, status };
};

/** CPU time of a running process and the children it has waited for, ms, and resident memory, MB. */
export const usage = (pid: number): { readonly cpuMs: number; readonly rssMb: number } => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuMs: ticks * 10, rssMb: (Number(fields[21]) * 4096) / 1048576 };
};

export const childrenOf = (pid: number): readonly number[] => {
  try {
    const threads = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    const children = threads.trim() === '' ? [] : numbersIn(threads);
    return children.flatMap((child) => [child, ...childrenOf(child)]);
  } catch {
    return []; // It has ended.
  }
};

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Many sleeping processes, until `end`. */
export const sleepers = async (
  program: string,
  count: number,
  settleMs: number,
): Promise<{ readonly end: () => Promise<void> }> => {
  const child = spawn(program, ['sleepers', String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  // Through their exec, all of them.
  await pause(settleMs);
  return {
    end: async () => {
      child.stdin.end();
      await ended(child);
    },
  };
};
