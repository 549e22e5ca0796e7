import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { readHost } from '../../src/bpftrace/host.js';
import { traceEvents } from '../../src/bpftrace/tracer.js';
import { needs } from '../live/needs.js';
import { fake, folder } from './fake.js';
import { untilSettled } from './until-settled.js';

test('no bpftrace: polling and the reason, then the end, never an error', async () => {
  const events = await lastValueFrom(traceEvents({ bpftrace: join(folder, 'none') }).pipe(toArray()));
  assert.deepEqual(
    events.map((event) => event.kind === 'status' && event.status.mode),
    ['starting', 'polling'],
  );
  const status = await untilSettled(traceEvents({ bpftrace: join(folder, 'none') }));
  assert.match(status.text, /^polling: there is no bpftrace at /);
  assert.equal(status.notes.length, 1);
});

test('one that is too old says so', async () => {
  const old = fake('if (process.argv[2] === "--version") line("bpftrace v0.11.3");');
  const status = await untilSettled(traceEvents({ bpftrace: old.path }));
  assert.equal(status.text, 'polling: bpftrace 0.11.3 is too old');
});

test('a loop that is refused costs the queues, not the probes', needs('root'), async (context) => {
  const picky = fake(`
    if (process.argv[2] === '--version') { line('bpftrace v0.17.0'); process.exit(); }
    if (readFileSync(0, 'utf8').includes('while (')) {
      process.stderr.write('ERROR: Error loading program: interval:ms:10 (try -v)\\n');
      process.exit(1);
    }
    setInterval(() => beat(process.hrtime.bigint()), 50);`);
  const host = readHost();
  if (!host.ok || host.value.queues === undefined) {
    context.skip(host.ok ? 'this kernel verifies no loops' : host.failure.text);
    return;
  }
  const seen: string[] = [];
  const status = await untilSettled(
    traceEvents({ bpftrace: picky.path }).pipe(
      tap((event) => {
        if (event.kind === 'status') seen.push(event.status.mode);
      }),
    ),
  );
  assert.equal(status.mode, 'ebpf', status.text);
  assert.deepEqual(seen, ['starting', 'ebpf']);
});
