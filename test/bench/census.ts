import { execFileSync, spawnSync } from 'node:child_process';
import { judgeByKind } from '../../src/judge/kinds.js';
import { isVdsoNamed } from '../../src/model/vma.js';
import { liveReading } from '../../src/pipeline/reading.js';
import { isItsTurn, TURNS } from '../../src/pipeline/sweeps.js';
import { showsTheSame } from '../../src/proc/glance.js';
import { localProc } from '../../src/proc/host.js';
import { readProcess } from '../../src/proc/process.js';
import { listProcesses, sweep } from '../../src/proc/sweep.js';
import { type Bench, type Benchmark, insist, median, type Row } from './benchmark.js';
import { MAIN, NO_COMPILER, sleepers } from './programs.js';

/** The census over many sleeping processes. */
export const census: Benchmark = {
  name: 'census',
  says:
    'Reading every process: a warm sweep of the readers, the same with verdicts, a sweep as watch makes them while\n' +
    'probes tell it the rest (one in four is read, the others get a glance; the mean of four), and the whole program\n' +
    'from start to exit, against a C program that opens, reads and searches the same files. Both have to find the same\n' +
    'number of [vdso]. The ratio is the median of the pairs: other load strikes both of a pair.',
  run: async (bench) => {
    if (bench.programs.census === undefined) return NO_COMPILER;
    const small = await measure(bench.programs.census, bench.short ? 50 : 1000, bench);
    const large = await measure(bench.programs.census, bench.short ? 200 : 10_000, bench);
    return [...small.rows, ...large.rows, ...growth(small, large)].map(rowOf);
  },
};

/** One figure a pair of runs. */
interface Paired {
  readonly name: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

const rowOf = ({ name, ours, theirs }: Paired): Row => ({
  what: `census: ${name}`,
  ours: median(ours),
  theirs: median(theirs),
  ratio: median(ours.map((our, pair) => our / (theirs[pair] ?? Number.NaN))),
  unit: 'us/process',
  against: 'C, same files',
  // The start of a program over few processes is measured by \`start\`.
  ...(name.startsWith('ps, ') || name.startsWith('ps -o ndjson, ') ? {} : { reach: { most: 1.3 } }),
});

interface Measured {
  readonly processes: number;
  readonly rows: readonly Paired[];
  /** Whole programs, in microseconds altogether. */
  readonly programs: readonly Paired[];
}

const measure = async (twin: string, count: number, { short, pairs }: Bench): Promise<Measured> => {
  const sleeping = await sleepers(twin, count, short ? 300 : 3000);
  try {
    const times = new Map<string, number[]>();
    const add = (name: string, microseconds: number): void => {
      times.set(name, [...(times.get(name) ?? []), microseconds]);
    };
    let processes = 0;
    // One inside watch is one of thousands: V8 has compiled what it is made of.
    const watching = watchSweeps();
    for (let read = 0; read < (short ? 1 : 20_000); ) {
      read += (await warmSweep(false)).processes;
      read += (await warmSweep(true)).processes;
      read += watching().processes;
    }
    for (let pair = 0; pair < pairs; pair++) {
      const { theirs, ours } = await bothSweeps(twin);
      const judged = await warmSweep(true);
      const watched = watching();
      insist(
        Math.abs(watched.named - theirs.named) <= SLACK,
        `${watched.named} [vdso] at a glance, ${theirs.named} in C`,
      );
      processes = theirs.processes;
      add('C sweep', theirs.microseconds / theirs.processes);
      add('sweep', ours.microseconds / ours.processes);
      add('sweep and verdicts', judged.microseconds / judged.processes);
      add('sweep of watch', watched.microseconds / watched.processes);
      add('C program', program(twin, ['sweep', '1']));
      add('ps -o ndjson', program(process.execPath, [MAIN, 'ps', '-o', 'ndjson']));
      add('ps', program(process.execPath, [MAIN, 'ps']));
    }
    const of = (name: string, share: number): number[] => (times.get(name) ?? []).map((time) => time / share);
    const row = (name: string, against: string, share = 1): Paired => ({
      name: `${name}, ${processes} processes`,
      ours: of(name, share),
      theirs: of(against, share),
    });
    return {
      processes,
      rows: [
        row('sweep', 'C sweep'),
        row('sweep and verdicts', 'C sweep'),
        row('sweep of watch', 'C sweep'),
        row('ps', 'C program', processes),
        row('ps -o ndjson', 'C program', processes),
      ],
      programs: [row('ps', 'C program'), row('ps -o ndjson', 'C program')],
    };
  } finally {
    await sleeping.end();
  }
};

/** What one more process costs, from start to exit: the start itself cancels out. */
const growth = (small: Measured, large: Measured): Paired[] =>
  small.programs.map((before, index) => {
    const after = large.programs[index] ?? before;
    const more = large.processes - small.processes;
    return {
      name: `${before.name.split(',')[0]}, each further process`,
      ours: after.ours.map((time) => (time - median(before.ours)) / more),
      theirs: after.theirs.map((time) => (time - median(before.theirs)) / more),
    };
  });

/** One after the other, until both have seen the same: processes of others come and go between two counts. */
const bothSweeps = async (twin: string): Promise<{ readonly theirs: Sweep; readonly ours: Sweep }> => {
  for (let attempt = 0; ; attempt++) {
    const [theirs] = cSweeps(twin, 2).slice(-1);
    const ours = await warmSweep(false);
    if (theirs !== undefined && Math.abs(ours.named - theirs.named) <= SLACK) return { theirs, ours };
    insist(attempt < 20, `${ours.named} [vdso] here, ${theirs?.named} in C`);
  }
};
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

/** As many sweeps as it takes to read each process once, as in pipeline/sweeps.ts; their mean. */
const watchSweeps = (): (() => Sweep) => {
  const proc = localProc();
  const judge = judgeByKind();
  const {
    sweep: read,
    glance,
    keep,
  } = liveReading(
    (pid, depth) => readProcess(pid, depth, { proc }),
    (pid, sight) => showsTheSame(pid, sight, proc),
  );
  const named = new Set<number>();
  const all = (turn: number): readonly number[] => {
    const listed = listProcesses(proc);
    const pids = listed.ok ? listed.value : [];
    keep(pids);
    for (const pid of pids) {
      const evidence = isItsTurn(pid, turn) ? read(pid) : glance(pid);
      if (evidence === undefined) continue;
      if (evidence.vmas?.filter(isVdsoNamed).length === 1) named.add(pid);
      else named.delete(pid);
      judge(evidence);
    }
    return pids;
  };
  return () => {
    const begun = process.hrtime.bigint();
    let pids: readonly number[] = [];
    for (let turn = 0; turn < TURNS; turn++) pids = all(turn);
    const microseconds = Number(process.hrtime.bigint() - begun) / 1000 / TURNS;
    return { processes: pids.length, named: pids.filter((pid) => named.has(pid)).length, microseconds };
  };
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
