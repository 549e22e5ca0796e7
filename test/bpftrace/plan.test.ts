import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { filter, firstValueFrom, tap } from 'rxjs';
import { planAhead } from '../../src/bpftrace/plan.js';
import { traceEvents } from '../../src/bpftrace/tracer.js';
import { needs } from '../live/needs.js';
import { fake, folder } from './fake.js';
import { untilSettled } from './until-settled.js';

/** A plan needs a host that may trace. */
const root = needs('root');

/** Its pids, a line each time it is started with a script. */
const log = join(folder, 'started');
const starts = (): readonly string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);

const prompt = (body: string) =>
  fake(`
    if (process.argv[2] === '--version') { line('bpftrace v0.23.0'); process.exit(); }
    appendFileSync(${JSON.stringify(log)}, process.pid + '\\n');
    ${body}`);

const BEATING = 'exec(1000); setInterval(() => { beat(process.hrtime.bigint()); count(1); }, 50);';

const gone = async (pid: string | undefined): Promise<void> => {
  while (existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'latin1') !== '')
    await setTimeout(20);
};

test('what was started ahead is read from its first line, however late somebody comes', root, async () => {
  const before = starts().length;
  const planning = planAhead(prompt(BEATING).path);
  assert.ok((await planning.plan).ok);
  await setTimeout(500);
  let execs = 0;
  const events = traceEvents({ planning }).pipe(
    tap(({ kind }) => {
      if (kind === 'exec') execs += 1;
    }),
  );
  await firstValueFrom(events.pipe(filter(({ kind }) => kind === 'heartbeat')));
  assert.equal(execs, 1);
  assert.equal(starts().length, before + 1);
  await gone(starts().at(-1));
});

test('what it complained of before somebody came is not lost', root, async () => {
  const broken = prompt(`process.stderr.write('ERROR: Could not resolve symbol: BEGIN_trigger\\n'); process.exit(1);`);
  const planning = planAhead(broken.path);
  await planning.plan;
  await setTimeout(500);
  const early = await untilSettled(traceEvents({ planning }));
  const usual = await untilSettled(traceEvents({ bpftrace: broken.path }));
  assert.equal(early.mode, 'polling');
  assert.equal(early.text, usual.text);
  assert.match(early.text, /BEGIN_trigger|symbol/);
});

test('what nobody came for is stopped, or never started', root, async () => {
  const planning = planAhead(prompt(BEATING).path);
  await planning.plan;
  await setTimeout(300);
  const pid = starts().at(-1);
  planning.stop();
  assert.equal(planning.take(), undefined);
  await gone(pid);

  const before = starts().length;
  const early = planAhead(prompt(BEATING).path);
  early.stop();
  await early.plan;
  await setTimeout(300);
  assert.equal(starts().length, before);
});
