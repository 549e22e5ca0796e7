import { onPath } from '../live/needs.js';
import { type Bench, type Benchmark, gathering, type Row } from './benchmark.js';
import { NO_COMPILER, output } from './programs.js';
import { callPoints, NOTHING, planHere, startBpftrace, startPerfTrace, startWatch, type Tracer } from './tracers.js';

/** What every system call pays, and what unrelated mapping calls pay, in CPU time of the thread that makes them. */
export const calls: Benchmark = {
  name: 'calls',
  says:
    'CPU time a call of a program that touches no vDSO, added by: vdsowatch watch; empty programs on the same\n' +
    'tracepoints (the floor); one empty program on one rare system call, and one each on its entry and its exit, which\n' +
    'is the least that sees results; strace -f; perf trace (by the clock: these stop the caller). Each\n' +
    'run makes the same number of calls and checks the result of each.',
  run: async (bench) => {
    const { storm } = bench.programs;
    if (storm === undefined) return NO_COMPILER;
    const plan = await planHere();
    if (typeof plan === 'string') return { notMeasured: plan };
    const { path } = plan.bpftrace;
    const floor = callPoints(plan).join(',\n');
    const sides: Readonly<Record<string, () => Promise<Tracer>>> = {
      untraced: async () => NOTHING,
      one: () => startBpftrace(path, 'tracepoint:syscalls:sys_enter_setns {}'),
      both: () => startBpftrace(path, 'tracepoint:syscalls:sys_enter_setns, tracepoint:syscalls:sys_exit_setns {}'),
      floor: () => startBpftrace(path, `${floor} {}`),
      watch: () => startWatch(),
      ...(onPath('perf') === undefined ? {} : { perf: () => startPerfTrace(MAPPING) }),
    };
    const times = gathering();
    const add = (side: string, storm: readonly Timed[]): void => {
      for (const { call, cpu, wall } of storm) {
        times.add(`${side} ${call}`, cpu);
        times.add(`${side} ${call} wall`, wall);
      }
    };
    for (let pair = 0; pair < bench.pairs; pair++) {
      for (const [side, start] of Object.entries(sides)) {
        const tracer = await start();
        try {
          add(side, await storms(bench, [storm], side === 'perf'));
        } finally {
          await tracer.stop();
        }
      }
      if (onPath('strace') === undefined) continue;
      const strace = ['strace', '-f', '-e', `trace=${MAPPING.join(',')}`, '-o', '/dev/null', storm];
      add('strace', await storms(bench, strace, true));
    }
    const added = (side: string, call: string): number => times.added(`${side} ${call}`, `untraced ${call}`);
    const row = (call: string, side: string, against: string, reach: Row['reach']): Row => ({
      what: `added to ${call}`,
      ours: added('watch', call),
      theirs: added(side, call),
      unit: 'ns',
      against,
      ...(reach === undefined ? {} : { reach }),
    });
    // A tracer that stops the caller costs it more than its own CPU time: by the clock.
    const waiting = (side: string, against: string): readonly Row[] =>
      MAPPING.map((call) => ({
        what: `added to ${call}, by the clock`,
        ours: times.added(`watch ${call} wall`, `untraced ${call} wall`),
        theirs: times.added(`${side} ${call} wall`, `untraced ${call} wall`),
        unit: 'ns',
        against,
        reach: { most: 1 / 20 },
      }));
    return [
      ...MAPPING.map((call) => row(call, 'floor', 'empty programs, same tracepoints', { most: 1.5 })),
      ...(onPath('strace') === undefined ? [] : waiting('strace', 'strace -f')),
      ...(onPath('perf') === undefined ? [] : waiting('perf', 'perf trace -a')),
      ...OTHERS.map((call) => row(call, 'one', 'one empty syscalls: probe', { most: 1.2 })),
      ...OTHERS.map((call) => row(call, 'both', 'one at an entry, one at an exit', undefined)),
    ];
  },
};

const MAPPING = ['mremap', 'munmap', 'mmap', 'mprotect'];
const OTHERS = ['getppid', 'read'];

/** ns a call. */
interface Timed {
  readonly call: string;
  readonly cpu: number;
  readonly wall: number;
}

/** Fewer calls where each takes its time. */
const storms = async (
  { short }: Bench,
  [file = '', ...args]: readonly string[],
  slow: boolean,
): Promise<readonly Timed[]> => {
  const size = slow ? (short ? ['20', '5'] : ['100', '41']) : short ? ['500', '5'] : ['4000', '41'];
  const lines = await output(file, [...args, 'calls', ...size]);
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [call = '', cpu, wall] = line.split(' ');
      return { call, cpu: Number(cpu), wall: Number(wall) };
    });
};
