import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { judgeByKind } from '../../src/census/kinds.js';
import { isVdsoNamed } from '../../src/model/vma.js';
import { localProc } from '../../src/proc/host.js';
import { sweep } from '../../src/proc/sweep.js';

/**
 * The census against its C twin (census.c) over many sleeping processes: a warm sweep of the readers, the same with
 * verdicts, and the whole program from start to exit. Both sides must have found the same number of [vdso].
 * BENCH_SHORT=1: few processes, one pair.
 */
const short = process.env['BENCH_SHORT'] === '1';
const SIZES = short ? [50, 200] : [1_000, 10_000];
const PAIRS = short ? 1 : 5;

export const census = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'vdsowatch-bench-'));
  const twin = join(folder, 'census');
  try {
    const source = fileURLToPath(new URL('../../../test/bench/census.c', import.meta.url));
    const compiled = spawnSync('cc', ['-O2', '-o', twin, source], { encoding: 'utf8' });
    if (compiled.status !== 0) {
      process.stdout.write(`census: not measured, no C compiler: ${compiled.error?.message ?? compiled.stderr}\n`);
      return;
    }
    const small = await measure(twin, SIZES[0] ?? 0);
    const large = await measure(twin, SIZES[1] ?? 0);
    process.stdout.write('census: microseconds a process, vdsowatch / C = ratio\n');
    for (const { name, ours, theirs } of [...small.rows, ...large.rows, ...growth(small, large)]) {
      const ratio = median(ours.map((our, pair) => our / (theirs[pair] ?? Number.NaN)));
      const figures = `${median(ours).toFixed(1)} / ${median(theirs).toFixed(1)}`;
      process.stdout.write(`  ${name.padEnd(52)} ${figures} = ${ratio.toFixed(2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** One figure a pair of runs; the ratio printed is the median of the pairs' ratios: other load strikes both of a pair. */
interface Row {
  readonly name: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

interface Measured {
  readonly processes: number;
  readonly rows: readonly Row[];
  /** Whole programs, in microseconds altogether. */
  readonly programs: readonly Row[];
}

const measure = async (twin: string, count: number): Promise<Measured> => {
  const sleepers = spawn(twin, ['sleepers', String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(sleepers.stdout, 'data');
    await settled();
    const times = new Map<string, number[]>();
    const add = (name: string, microseconds: number): void => {
      times.set(name, [...(times.get(name) ?? []), microseconds]);
    };
    let processes = 0;
    await warmSweep(false);
    await warmSweep(true);
    for (let pair = 0; pair < PAIRS; pair++) {
      const [theirs] = cSweeps(twin, 2).slice(-1);
      const ours = await warmSweep(false);
      const judged = await warmSweep(true);
      if (theirs === undefined || Math.abs(ours.named - theirs.named) > SLACK)
        throw new Error(`not the same work: ${ours.named} [vdso] here, ${theirs?.named} in C`);
      processes = theirs.processes;
      add('C sweep', theirs.microseconds / theirs.processes);
      add('sweep', ours.microseconds / ours.processes);
      add('sweep and verdicts', judged.microseconds / judged.processes);
      add('C program', program(twin, ['sweep', '1']));
      add('ps -o ndjson', program(process.execPath, [MAIN, 'ps', '-o', 'ndjson']));
      add('ps', program(process.execPath, [MAIN, 'ps']));
    }
    const of = (name: string, share: number): number[] => (times.get(name) ?? []).map((time) => time / share);
    const row = (name: string, against: string, share = 1): Row => ({
      name: `${name}, ${processes} processes`,
      ours: of(name, share),
      theirs: of(against, share),
    });
    return {
      processes,
      rows: [
        row('sweep', 'C sweep'),
        row('sweep and verdicts', 'C sweep'),
        row('ps', 'C program', processes),
        row('ps -o ndjson', 'C program', processes),
      ],
      programs: [row('ps', 'C program'), row('ps -o ndjson', 'C program')],
    };
  } finally {
    sleepers.stdin.end();
    await once(sleepers, 'exit');
  }
};

/** What one more process costs, from start to exit: the start itself cancels out. */
const growth = (small: Measured, large: Measured): Row[] =>
  small.programs.map((before, index) => {
    const after = large.programs[index] ?? before;
    const more = large.processes - small.processes;
    return {
      name: `${before.name.split(',')[0]}, each further process`,
      ours: after.ours.map((time) => (time - median(before.ours)) / more),
      theirs: after.theirs.map((time) => (time - median(before.theirs)) / more),
    };
  });

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** Processes of others come and go between two counts. */
const SLACK = 20;

interface Sweep {
  readonly processes: number;
  readonly named: number;
  readonly microseconds: number;
}

const warmSweep = async (judged: boolean): Promise<Sweep> => {
  const proc = localProc();
  const judge = judgeByKind();
  const begun = process.hrtime.bigint();
  let processes = 0;
  let named = 0;
  for await (const chunk of sweep({ proc }))
    for (const evidence of chunk) {
      processes += 1;
      if (evidence.vmas?.filter(isVdsoNamed).length === 1) named += 1;
      if (judged) judge(evidence);
    }
  return { processes, named, microseconds: Number(process.hrtime.bigint() - begun) / 1000 };
};

const cSweeps = (twin: string, rounds: number): Sweep[] =>
  execFileSync(twin, ['sweep', String(rounds)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => {
      const [processes = 0, named = 0, nanoseconds = 0] = line.split(' ').map(Number);
      return { processes, named, microseconds: nanoseconds / 1000 };
    });

/** Microseconds from start to exit, with the output thrown away. */
const program = (file: string, args: readonly string[]): number => {
  const begun = process.hrtime.bigint();
  const { status, error } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? `status ${status}`}`);
  return Number(process.hrtime.bigint() - begun) / 1000;
};

/** The sleepers are through their exec: two sweeps with a pause see the same. */
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, short ? 300 : 3000));

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await census();
