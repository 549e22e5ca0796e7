import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentFor } from '../../src/bpftrace/find.js';
import type { Plan } from '../../src/bpftrace/plan.js';
import { type Bench, type Benchmark, insist, median, type Row } from './benchmark.js';
import { childrenOf, ended, NO_COMPILER, numbersIn, output, pause } from './programs.js';
import { planHere } from './tracers.js';

/** How many moves of vDSOs a second reach the state. */
export const rate: Benchmark = {
  name: 'rate',
  says:
    'Highest rate of moves (two processes that move their own vDSO) of which none was lost: into the state of the\n' +
    'pipeline, and out of bpftrace alone with the same script into a C program that only counts. Beyond it, what has\n' +
    'arrived and what vdsowatch counts as lost must add up to what was made.',
  run: async (bench) => {
    const { storm } = bench.programs;
    if (storm === undefined) return NO_COMPILER;
    const plan = await planHere();
    if (typeof plan === 'string') return { notMeasured: plan };
    const ours: number[] = [];
    const theirs: number[] = [];
    let made = 0;
    let accounted = 0;
    const sides = [
      { start: () => startAlone(storm, bench, plan), best: theirs },
      { start: startPipeline, best: ours },
    ];
    for (let pair = 0; pair < bench.pairs; pair++)
      for (const { start, best } of sides) {
        const counter = await start();
        try {
          best.push(await highest(storm, counter, bench));
          if (best !== ours) continue;
          const flood = await run(storm, counter, 0, bench.short ? 300 : 1500);
          made += flood.made;
          accounted += flood.arrived + flood.lost;
        } finally {
          await counter.stop();
        }
      }
    const rows: Row[] = [
      {
        what: 'moves a second without loss',
        ours: median(ours),
        theirs: median(theirs),
        unit: '/s',
        against: 'bpftrace, same script, into a counter',
        reach: { least: 0.9 },
      },
      { what: 'in a flood: arrived + counted as lost', ours: accounted, theirs: made, unit: '', against: 'made' },
    ];
    return rows;
  },
};

/** What has arrived so far, and what is known to be lost. */
interface Counter {
  readonly now: () => { readonly arrived: number; readonly lost: number };
  readonly stop: () => Promise<void>;
}

const startAlone = async (storm: string, { programs }: Bench, plan: Plan): Promise<Counter> => {
  const script = join(programs.folder, 'composed.bt');
  writeFileSync(script, plan.main.text);
  const command = '"$0" -f json --no-warnings "$1" | "$2" drain';
  const child = spawn('sh', ['-c', command, plan.bpftrace.path, script, storm], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...environmentFor(plan.bpftrace) },
  });
  const last = lastLine(child);
  while (last().length === 0) await pause(50);
  return {
    now: () => {
      const [records = 0, emitted = 0] = last();
      return { arrived: records, lost: emitted - records };
    },
    stop: () => stop(child, childrenOf(child.pid ?? 0)[0]),
  };
};

const startPipeline = async (): Promise<Counter> => {
  const program = fileURLToPath(new URL('rate-child.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const last = lastLine(child);
  while (last()[3] !== 1) await pause(50);
  return {
    now: () => {
      const [arrived = 0, lost = 0] = last();
      return { arrived, lost };
    },
    stop: () => stop(child, child.pid),
  };
};

const lastLine = (child: ChildProcess): (() => readonly number[]) => {
  let line = '';
  child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
    line = chunk.trimEnd().split('\n').at(-1) ?? line;
  });
  return () => (line === '' ? [] : numbersIn(line));
};

const stop = async (child: ChildProcess, pid: number | undefined): Promise<void> => {
  const all = childrenOf(child.pid ?? 0);
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  await ended(child);
  for (const one of all) while (childrenOf(one).length > 0) await pause(50);
};

interface Run {
  readonly made: number;
  readonly rate: number;
  readonly arrived: number;
  readonly lost: number;
}

const run = async (storm: string, counter: Counter, wanted: number, ms: number): Promise<Run> => {
  const before = counter.now();
  const answer = await output(storm, ['move', '2', String(wanted), String(ms)]);
  const [made = 0, ns = 1] = numbersIn(answer);
  // Loss is known two heartbeats after the fact, and what is under way takes its time on a busy machine.
  let after = counter.now();
  for (let turn = 0; turn < 50; turn++) {
    await pause(turn === 0 ? 1200 : 200);
    after = counter.now();
    if (after.arrived - before.arrived + after.lost - before.lost >= made) break;
  }
  return { made, rate: (made * 1e9) / ns, arrived: after.arrived - before.arrived, lost: after.lost - before.lost };
};

/** Doubles the rate until something is lost, then looks between. */
const highest = async (storm: string, counter: Counter, { short }: Bench): Promise<number> => {
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  for (let turn = 0, wanted = short ? 2000 : 10_000; turn < (short ? 1 : 7) && wanted > good * 1.08; turn++) {
    const { made, rate: reached, arrived, lost } = await run(storm, counter, wanted, short ? 300 : 1500);
    insist(lost > 0 || arrived >= made, `${arrived} of ${made} moves arrived, and no loss was counted`);
    if (lost > 0) bad = wanted;
    else {
      good = Math.max(good, reached);
      // The program cannot make more.
      if (reached < wanted * 0.9) break;
    }
    wanted = Number.isFinite(bad) ? (good + bad) / 2 : wanted * 2;
  }
  return good;
};
