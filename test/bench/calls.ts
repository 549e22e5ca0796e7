import { type Bench, type Benchmark, gathering, type Row } from './benchmark.js';
import { NO_COMPILER, onPath, output } from './programs.js';
import { callPoints, NOTHING, planHere, startBpftrace, startPerfTrace, startWatch, type Tracer } from './tracers.js';

/** What every system call pays, and what unrelated mapping calls pay, in CPU time of the thread that makes them. */
export const calls: Benchmark = {
  name: 'calls',
  says:
    'CPU time a call of a program that touches no vDSO, added by: vdsowatch watch; empty programs on the same\n' +
    'tracepoints (the floor); one empty program on one rare system call; strace -f; perf trace. Each run makes the\n' +
    'same number of calls and checks the result of each.',
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
      floor: () => startBpftrace(path, `${floor} {}`),
      watch: () => startWatch(),
      ...(onPath('perf') === undefined ? {} : { perf: () => startPerfTrace(MAPPING) }),
    };
    const times = gathering();
    for (let pair = 0; pair < bench.pairs; pair++) {
      for (const [side, start] of Object.entries(sides)) {
        const tracer = await start();
        try {
          for (const [call, ns] of await storms(bench, [storm])) times.add(`${side} ${call}`, ns);
        } finally {
          await tracer.stop();
        }
      }
      if (onPath('strace') === undefined) continue;
      const strace = ['strace', '-f', '-e', `trace=${MAPPING.join(',')}`, '-o', '/dev/null', storm];
      for (const [call, ns] of await storms(bench, strace)) times.add(`strace ${call}`, ns);
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
    return [
      ...MAPPING.map((call) => row(call, 'floor', 'empty programs, same tracepoints', { most: 1.5 })),
      ...(onPath('strace') === undefined
        ? []
        : MAPPING.map((call) => row(call, 'strace', 'strace -f', { most: 1 / 20 }))),
      ...(onPath('perf') === undefined
        ? []
        : MAPPING.map((call) => row(call, 'perf', 'perf trace -a', { most: 1 / 20 }))),
      ...OTHERS.map((call) => row(call, 'one', 'one empty syscalls: probe', { most: 1.2 })),
    ];
  },
};

const MAPPING = ['mremap', 'munmap', 'mmap', 'mprotect'];
const OTHERS = ['getppid', 'read'];

/** CPU ns a call, by name. */
const storms = async ({ short }: Bench, [file = '', ...args]: readonly string[]): Promise<[string, number][]> => {
  const size = file === 'strace' ? (short ? ['20', '5'] : ['100', '21']) : short ? ['500', '5'] : ['4000', '41'];
  const lines = await output(file, [...args, 'calls', ...size]);
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', ns = ''] = line.split(' ');
      return [name, Number(ns)];
    });
};
