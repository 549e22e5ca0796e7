import { type Benchmark, gathering, insist, type Row } from './benchmark.js';
import { childrenOf, NO_COMPILER, numbersIn, output, pause, usage } from './programs.js';
import { NOTHING, planHere, startBpftrace, startWatch, type Tracer } from './tracers.js';

/** The one-liner of bpftrace's own tutorial. */
const SNOOP = 'tracepoint:syscalls:sys_enter_execve { join(args->argv); }';

/** What a program pays whose processes come and go. */
export const churn: Benchmark = {
  name: 'churn',
  says:
    'CPU time of one fork + exec + exit (parent and child), added by vdsowatch watch and by the exec snoop of\n' +
    "bpftrace's tutorial; both must have printed every exec. And the CPU time that the tracers themselves take for it.",
  run: async ({ short, pairs, programs: { storm } }) => {
    if (storm === undefined) return NO_COMPILER;
    const plan = await planHere();
    if (typeof plan === 'string') return { notMeasured: plan };
    const count = short ? 50 : 1000;
    const sides: Readonly<Record<string, () => Promise<Tracer>>> = {
      untraced: async () => NOTHING,
      snoop: () => startBpftrace(plan.bpftrace.path, SNOOP, 'nothing'),
      watch: () => startWatch('"kind":"exec"'),
    };
    const times = gathering();
    for (let pair = 0; pair < pairs; pair++)
      for (const [side, start] of Object.entries(sides)) {
        const tracer = await start();
        try {
          if (tracer.pid !== 0) await pause(short ? 300 : 2000);
          // vdsowatch and its bpftrace (another for 32-bit tasks may come and go), or the snoop's.
          const all = tracer.pid === 0 ? [] : [tracer.pid, ...childrenOf(tracer.pid).slice(0, 1)];
          const cpu = (): readonly number[] => all.map((pid) => usage(pid).cpuMs);
          // What goes on here anyway costs them something too.
          const [idle, idleFrom] = [cpu(), performance.now()];
          await pause(tracer.pid === 0 ? 0 : short ? 300 : 2000);
          const [before, from, printed] = [cpu(), performance.now(), tracer.counted()];
          const [wall = 0, own = 0] = numbersIn(await output(storm, ['churn', String(count)]));
          await pause(short ? 500 : 1000);
          // On a busy machine what is under way takes its time.
          const missing = (): boolean => tracer.pid !== 0 && tracer.counted() - printed < count;
          for (let turn = 0; turn < 50 && missing(); turn++) await pause(200);
          times.add(side, own / 1000);
          times.add(`${side} wall`, wall / 1000);
          const share = (performance.now() - from) / (from - idleFrom);
          const took = cpu().map((ms, index) => {
            const start = before[index] ?? 0;
            return ((ms - start - (start - (idle[index] ?? 0)) * share) * 1000) / count;
          });
          times.add(`${side} self`, took[0] ?? 0);
          times.add(`${side} bpftrace`, took.at(-1) ?? 0);
          insist(!missing(), `${side} printed ${tracer.counted() - printed} of ${count} execs`);
        } finally {
          await tracer.stop();
        }
      }
    const row = (what: string, ours: number, theirs: number, most?: number): Row => ({
      what,
      ours,
      theirs,
      unit: 'us',
      against: 'one-line exec snoop',
      ...(most === undefined ? {} : { reach: { most } }),
    });
    return [
      row('added to fork+exec+exit, CPU', times.added('watch', 'untraced'), times.added('snoop', 'untraced'), 1.5),
      row(
        'added to fork+exec+exit, by the clock',
        times.added('watch wall', 'untraced wall'),
        times.added('snoop wall', 'untraced wall'),
      ),
      row('untraced and traced, CPU', times.median('watch'), times.median('untraced')),
      row('bpftrace itself, each', times.median('watch bpftrace'), times.median('snoop bpftrace')),
      row('vdsowatch itself, each, of bpftrace', times.median('watch self'), times.median('watch bpftrace')),
    ];
  },
};
