import { cpus, release } from 'node:os';
import process from 'node:process';
import type { Bench, Benchmark } from './benchmark.js';
import { calls } from './calls.js';
import { census } from './census.js';
import { churn } from './churn.js';
import { claim } from './claim.js';
import { company } from './company.js';
import { growth } from './growth.js';
import { images } from './images.js';
import { latency } from './latency.js';
import { compile } from './programs.js';
import { rate } from './rate.js';
import { recordings } from './recordings.js';
import { standing } from './standing.js';
import { start } from './start.js';
import { heading, notMeasured, rowsText } from './table.js';

/**
 * npm run bench [-- NAME...]: everything that is said of the cost of vdsowatch, measured beside what it is compared
 * with. BENCH_SHORT=1: a shortened run, to see that every benchmark still works.
 */
const BENCHMARKS: readonly Benchmark[] = [
  calls,
  churn,
  rate,
  latency,
  census,
  start,
  standing,
  recordings,
  images,
  growth,
  claim,
];

const short = process.env['BENCH_SHORT'] === '1';
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark is called ${unknown.join(', ')}: ${BENCHMARKS.map(({ name }) => name).join(' ')}\n`,
  );
  process.exit(2);
}
const programs = compile();
try {
  const bench: Bench = { short, pairs: short ? 1 : 5, programs };
  process.stdout.write(`${cpus().length} CPUs, kernel ${release()}, Node ${process.versions.node}\n`);
  const disturbed = company();
  if (disturbed !== undefined) process.stdout.write(`${disturbed}\n`);
  if (short) process.stdout.write('shortened: the numbers mean nothing\n');
  for (const benchmark of BENCHMARKS) {
    if (wanted.length > 0 && !wanted.includes(benchmark.name)) continue;
    process.stdout.write(heading(benchmark));
    const rows = await benchmark.run(bench);
    process.stdout.write('notMeasured' in rows ? notMeasured(rows) : rowsText(rows));
  }
} finally {
  programs.remove();
}
