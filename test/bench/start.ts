import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentFor } from '../../src/bpftrace/find.js';
import type { Plan } from '../../src/bpftrace/plan.js';
import { type Benchmark, gathering, type Row } from './benchmark.js';
import { childrenOf, ended, MAIN, metered, NO_COMPILER, pause, sleepers } from './programs.js';
import { now, onTerminal } from './terminal.js';
import { planHere } from './tracers.js';

/** From the shell's Enter to the first help, to the first census and to the last probe. */
export const start: Benchmark = {
  name: 'start',
  says:
    '--help against node -e 0, both from start to exit; the first census on a terminal; and how long until all probes\n' +
    'are attached, against a bpftrace alone with the same script.',
  run: async ({ short, pairs, programs }) => {
    const { storm, census } = programs;
    if (storm === undefined || census === undefined) return NO_COMPILER;
    const times = gathering();
    for (let pair = 0; pair < pairs * (short ? 1 : 5); pair++) {
      times.add('help', (await metered(programs, [process.execPath, MAIN, '--help'])).wallMs);
      times.add('node', (await metered(programs, [process.execPath, '-e', '0'])).wallMs);
    }
    const count = short ? 50 : 1000;
    const sleeping = await sleepers(census, count, short ? 300 : 2000);
    try {
      for (let pair = 0; pair < pairs; pair++) times.add('census', await firstCensus(storm, count));
    } finally {
      await sleeping.end();
    }
    const rows: Row[] = [
      {
        what: '--help',
        ours: times.median('help'),
        theirs: times.median('node'),
        unit: 'ms',
        against: 'node -e 0',
        reach: { most: 3 },
      },
      {
        what: `first census on the screen, ${count} processes`,
        ours: times.median('census'),
        theirs: times.median('node'),
        unit: 'ms',
        against: 'node -e 0',
        reach: { ours: 1000 },
      },
    ];
    const plan = await planHere();
    if (typeof plan === 'string') return rows;
    for (let pair = 0; pair < pairs; pair++) {
      const script = join(programs.folder, 'composed.bt');
      writeFileSync(script, plan.main.text);
      times.add('alone', await untilSaid(alone(plan, script), '"@emitted"'));
      times.add('attached', await untilSaid([process.execPath, MAIN, 'watch', '-o', 'ndjson'], '"mode":"ebpf"'));
    }
    return [
      ...rows,
      {
        what: 'all probes attached',
        ours: times.median('attached'),
        theirs: times.median('alone'),
        unit: 'ms',
        against: 'bpftrace alone, same script',
        reach: { most: 1.15 },
      },
    ];
  },
};

const alone = ({ bpftrace }: Plan, script: string): readonly string[] => [
  'env',
  ...Object.entries(environmentFor(bpftrace)).map(([name, value]) => `${name}=${value}`),
  bpftrace.path,
  '-f',
  'json',
  '--no-warnings',
  script,
];

/** ms from the start of a program until it prints that; it is stopped then. */
const untilSaid = async ([file = '', ...args]: readonly string[], text: string): Promise<number> => {
  const begun = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let before = '';
  const took = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      before = (before + chunk).slice(-65_536);
      if (before.includes(text)) resolve(performance.now() - begun);
    });
    child.once('exit', () => reject(new Error(`${file} ended before it said ${text}`)));
  });
  const pid = child.pid ?? 0;
  const all = childrenOf(pid);
  child.kill('SIGINT');
  await ended(child);
  // A tracer that is still detaching holds up the next one.
  while (all.some((one) => alive(one))) await pause(50);
  return took;
};

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** ms until the header counts at least so many processes. */
const firstCensus = async (storm: string, count: number): Promise<number> => {
  const begun = now();
  const terminal = await onTerminal(storm, [process.execPath, MAIN, 'watch', '--no-bpf']);
  let took: number | undefined;
  terminal.painted(([, header = ''], at) => {
    const [, digits = '0'] = /([\d,]+) processes/.exec(header) ?? [];
    if (Number(digits.replaceAll(',', '')) >= count) took ??= at - begun;
  });
  await terminal.until(() => took !== undefined);
  await terminal.stop();
  return took ?? Number.NaN;
};
