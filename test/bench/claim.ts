import { type Benchmark, gathering, type Row } from './benchmark.js';
import { NO_COMPILER, output } from './programs.js';

/** What the proposal for CRIU claims: a name that can be relied on saves the other checks, for each dumpee. */
export const claim: Benchmark = {
  name: 'claim',
  says:
    "CRIU's three checks of one dumpee, on every process that runs now: the name in the maps that the dump has read\n" +
    'anyway (0 system calls); the frame (open, pread and close of pagemap: 3); the symbol table (open, pread and close\n' +
    'of mem: 3; CRIU itself reads it in the parasite). vdsowatch hint tells it for the host it runs on.',
  run: async ({ short, pairs, programs: { storm } }) => {
    if (storm === undefined) return NO_COMPILER;
    const times = gathering();
    let processes = 0;
    for (const line of (await output(storm, ['checks', String(short ? 2 : pairs * 4)])).trim().split('\n')) {
      const [name = '', asked, , ns] = line.split(' ');
      times.add(name, Number(ns) / 1000);
      processes = Number(asked);
    }
    const row = (what: string, name: string): Row => ({
      what: `${what}, each of ${processes} processes`,
      ours: times.median('name'),
      theirs: times.median(name),
      unit: 'us',
      against: what,
    });
    return [row('the PFN check', 'pfn'), row('the symbol table check', 'symtable')];
  },
};
