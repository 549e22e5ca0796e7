import { fileURLToPath } from 'node:url';
import { type Benchmark, insist, type Row } from './benchmark.js';
import { numbersIn, output } from './programs.js';

/** Whether an event, or a process, costs more when there are more of them. */
export const growth: Benchmark = {
  name: 'growth',
  says:
    'CPU time of an event from decoded record to state and verdict, over 100 to 30,000 processes and 10^4 to 10^7\n' +
    'events (made up, read from a table), and memory at the end; against the smallest. All events have to be counted.',
  run: async ({ short, pairs }) => {
    const shapes: readonly (readonly [processes: number, events: number])[] = short
      ? [
          [100, 1000],
          [1000, 1000],
        ]
      : [
          [1000, 10_000],
          [1000, 100_000],
          [1000, 1_000_000],
          [1000, 10_000_000],
          [100, 300_000],
          [10_000, 300_000],
          [30_000, 300_000],
        ];
    const program = fileURLToPath(new URL('growth-child.js', import.meta.url));
    const rows: Row[] = [];
    let first: number | undefined;
    for (const [processes, events] of shapes) {
      const figures: number[][] = [];
      // Ten million events are as good as many runs.
      for (let pair = 0; pair < (events > 1_000_000 ? 1 : pairs); pair++)
        figures.push([...numbersIn(await output(process.execPath, [program, String(processes), String(events)]))]);
      figures.sort(([a = 0], [b = 0]) => a - b);
      const [us = Number.NaN, mb = Number.NaN, counted = 0] = figures[figures.length >> 1] ?? [];
      insist(counted === events, `${counted} of ${events} events counted`);
      first ??= us;
      const what = `an event, ${processes} processes, ${events} events (${mb} MB)`;
      rows.push({ what, ours: us, theirs: first, unit: 'us', against: 'the first', reach: { most: 1.2 } });
    }
    return rows;
  },
};
