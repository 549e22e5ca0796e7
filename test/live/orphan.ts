import { traceEvents } from '../../src/bpftrace/tracer.js';

/** Traces until it is killed; says "ready" when probes are attached. Started by tracer.live.test.ts. */
const [, , bpftrace = 'bpftrace'] = process.argv;
traceEvents({ bpftrace }).subscribe((event) => {
  if (event.kind === 'status' && event.status.mode === 'ebpf') process.stdout.write('ready\n');
});
