import { spawn } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../live/needs.js';
import { type Bench, type Benchmark, gathering, type Row } from './benchmark.js';
import { MAIN, NO_COMPILER, pause, sleepers, usage } from './programs.js';
import { onTerminal } from './terminal.js';
import { planHere } from './tracers.js';

/** What it costs to leave vdsowatch running; bpftrace apart. */
export const standing: Benchmark = {
  name: 'standing',
  says:
    'CPU (% of a core) and resident memory of watch on a terminal, bpftrace apart: with nothing but this machine to\n' +
    'see; with 10,000 sleeping processes and a program that moves its vDSO twenty times a second, so that ten frames a\n' +
    'second are painted, and top at ten frames a second beside it; and its memory while a bpftrace that is played\n' +
    'gives it a million records.',
  run: async (bench) => {
    const { short, pairs, programs } = bench;
    const { storm, census } = programs;
    if (storm === undefined || census === undefined) return NO_COMPILER;
    const plan = await planHere();
    if (typeof plan === 'string') return { notMeasured: plan };
    const times = gathering();
    const span = short ? 500 : 5000;
    const sample = async (name: string, pid: number, among = ''): Promise<void> => {
      const before = usage(pid).cpuMs;
      await pause(span);
      const { cpuMs, rssMb } = usage(pid);
      times.add(`${name} cpu${among}`, ((cpuMs - before) / span) * 100);
      times.add(`${name} rss${among}`, rssMb);
    };
    const watch = await onTerminal(storm, [process.execPath, MAIN, 'watch']);
    const top = onPath('top') === undefined ? undefined : await onTerminal(storm, ['top', '-d', '0.1']);
    try {
      await watch.until(([first]) => first?.includes('ebpf') === true);
      await pause(short ? 500 : 8000);
      for (let pair = 0; pair < pairs; pair++) {
        await sample('watch', watch.pid());
        if (top !== undefined) await sample('top', top.pid());
      }
      const many = await sleepers(census, short ? 100 : 10_000, short ? 500 : 8000);
      const mover = spawn(storm, ['paced', '100000', '50000'], { stdio: 'ignore' });
      try {
        // What is left running has long been compiled; what runs ten times a second, V8 compiles for three minutes.
        await pause(short ? 500 : 180_000);
        for (let pair = 0; pair < pairs; pair++) {
          await sample('watch', watch.pid(), ' many');
          if (top !== undefined) await sample('top', top.pid(), ' many');
        }
      } finally {
        mover.kill();
        await many.end();
      }
    } finally {
      await watch.stop();
      await top?.stop();
    }
    const row = (what: string, name: string, unit: string, reach?: number): Row => ({
      what,
      ours: times.median(`watch ${name}`),
      theirs: times.median(`top ${name}`),
      unit,
      against: 'top -d 0.1',
      ...(reach === undefined ? {} : { reach: { ours: reach } }),
    });
    return [
      row('idle', 'cpu', '% of a core', 1),
      row('idle', 'rss', 'MB', 120),
      row('10,000 processes, 10 frames/s', 'cpu many', '% of a core', 5),
      row('10,000 processes, 10 frames/s', 'rss many', 'MB', 120),
      ...(await manyEvents(storm, bench)),
    ];
  },
};

/** Memory after a tenth and after all of a million records, and CPU time of a record; to lines and to the screen. */
const manyEvents = async (storm: string, { short, programs }: Bench): Promise<readonly Row[]> => {
  const events = short ? 20_000 : 1_000_000;
  const fake = join(programs.folder, 'fake-bpftrace');
  if (!existsSync(fake)) symlinkSync(storm, fake);
  const after = async (count: number): Promise<{ rssMb: number; cpuMs: number }> => {
    const done = join(programs.folder, 'done');
    const env = { VDSOWATCH_BPFTRACE: fake, FAKE_EVENTS: String(count), FAKE_PROCESSES: '100', FAKE_DONE: done };
    const watch = await onTerminal(storm, [process.execPath, MAIN, 'watch'], env);
    try {
      while (!existsSync(done)) await pause(100);
      await pause(1500);
      return usage(watch.pid());
    } finally {
      await watch.stop();
      rmSync(done);
    }
  };
  const few = await after(events / 10);
  const all = await after(events);
  return [
    {
      what: `memory after ${events} records`,
      ours: all.rssMb,
      theirs: few.rssMb,
      unit: 'MB',
      against: 'itself after a tenth of them',
      reach: { ours: 120 },
    },
    {
      what: 'CPU time of a record, pipe to state',
      ours: ((all.cpuMs - few.cpuMs) / (events - events / 10)) * 1000,
      theirs: (few.cpuMs / (events / 10)) * 1000,
      unit: 'us',
      against: 'itself, start included, a tenth of them',
    },
  ];
};
