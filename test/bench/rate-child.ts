import process from 'node:process';
import { planAhead } from '../../src/bpftrace/plan.js';
import { observe } from '../../src/pipeline/observe.js';
import { liveSources } from '../../src/pipeline/source.js';

/** The pipeline of watch without a face: five times a second "moves lost gaps ready", moves being those of storm. */
let moves = 0;
let lost = 0n;
let gaps = 0;
let ready = 0;
observe(liveSources({ planning: planAhead(), notes: [] })).subscribe(({ state, lines }) => {
  for (const { event, comm } of lines) if (event?.kind === 'call' && comm === 'storm') moves += 1;
  ({ lost, gaps } = state.counters);
  ready = state.tracer.mode === 'ebpf' ? 1 : 0;
});
setInterval(() => process.stdout.write(`${moves} ${lost} ${gaps} ${ready}\n`), 200);
