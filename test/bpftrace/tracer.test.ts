import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastValueFrom, toArray } from 'rxjs';
import { traceEvents, untilSettled } from '../../src/bpftrace/tracer.js';
import { fake, folder } from './fake.js';

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
