import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { firstValueFrom, lastValueFrom, take, takeWhile, tap, toArray } from 'rxjs';
import type { Bpftrace } from '../../src/bpftrace/find.js';
import { type BackOff, type Kept, keepRunning } from '../../src/bpftrace/keep.js';
import { type Happening, type Patience, session } from '../../src/bpftrace/session.js';
import { fake, folder } from './fake.js';

/** The wrapper around a bpftrace that is none: a little program that prints what a test wants. */

const run = (bpftrace: Bpftrace, patience?: Patience) =>
  session({
    bpftrace,
    script: 'the script',
    decoding: { arch: 'x64', knowsVdso: true, knowsLastExit: true },
    clock: () => 0n,
    ...(patience === undefined ? {} : { patience }),
  });

const all = (bpftrace: Bpftrace, patience?: Patience): Promise<Happening[]> =>
  lastValueFrom(run(bpftrace, patience).pipe(toArray()));
const kinds = (happenings: readonly { kind: string }[]): readonly string[] => happenings.map(({ kind }) => kind);

test('records, readiness, counts, and the end', async () => {
  const happenings = await all(fake('exec(5); beat(2e9); count(2); exec(3e9);'));
  assert.deepEqual(kinds(happenings), ['started', 'event', 'ready', 'beat', 'event', 'ended']);
});

test('the script comes on standard input, in machine mode', async () => {
  const seen = join(folder, 'seen');
  await all(fake(`writeFileSync(${JSON.stringify(seen)}, process.argv.slice(2).join(' ') + '|' + readFileSync(0));`));
  assert.equal(readFileSync(seen, 'utf8'), '-f json --no-warnings -|the script');
});

test('records cut anywhere in a chunk are put together', async () => {
  const happenings = await all(
    fake(`const text = JSON.stringify('beat 10').slice(1, -1);
      process.stdout.write('{"type": "printf", "da');
      setTimeout(() => process.stdout.write('ta": "' + text + '\\\\n"}\\n{"type": "pri'), 50);`),
  );
  assert.deepEqual(kinds(happenings), ['started', 'ready', 'ended']);
});

test('garbage is counted, said at 1, 10, 100, and never fatal', async () => {
  const happenings = await all(
    fake(`for (let i = 0; i < 120; i++) say('call me'); line('Segmentation fault'); line('\\x00\\xff{'); beat(10);`),
  );
  assert.deepEqual(
    happenings.flatMap((happening) => (happening.kind === 'garbage' ? [happening.count] : [])),
    [1, 10, 100],
  );
  assert.ok(kinds(happenings).includes('ready'));
});

test('a loss is told with its number', async () => {
  const happenings = await all(
    fake('beat(10); count(41); beat(1e9); count(42); beat(2e9); count(43); beat(3e9); count(44); beat(4e9);'),
  );
  const [lost, ...more] = happenings.flatMap((happening) => (happening.kind === 'lost' ? [happening.loss] : []));
  assert.equal(lost?.lost, 40n);
  assert.deepEqual(more, []);
});

test('records that come late are told to, and that it is over', async () => {
  let now = 0n;
  const happenings = await lastValueFrom(
    session({
      bpftrace: fake('beat(1e9); beat(2e9); beat(6e9); beat(8.8e9); beat(9e9);'),
      script: '',
      decoding: { arch: 'x64', knowsVdso: true, knowsLastExit: true },
      clock: () => now,
    }).pipe(
      tap(({ kind }) => {
        if (kind === 'ready') now = 9_000_000_000n;
      }),
      toArray(),
    ),
  );
  assert.deepEqual(
    happenings.flatMap((happening) => (happening.kind === 'lag' ? [happening.ns] : [])),
    [7_000_000_000n, 0n],
  );
});

test('standard error explains the end', async () => {
  const happenings = await all(
    fake(`console.error("ERROR: bpftrace currently only supports running as the root user."); process.exit(1);`),
  );
  const last = happenings.at(-1);
  assert.ok(last?.kind === 'ended');
  assert.equal(last.failure.kind, 'no-privilege');
});

test('a program that does not start is an end like any other', async () => {
  const missing: Bpftrace = { path: join(folder, 'none'), version: '0.17.0', major: 0, minor: 17 };
  const happenings = await all(missing);
  assert.deepEqual(kinds(happenings), ['ended']);
});

test('silence while it lives: stuck', async () => {
  const patience = { start: 60_000, look: 20, silent: 3 };
  const happenings = await all(fake('beat(10); setTimeout(() => {}, 60_000);'), patience);
  const last = happenings.at(-1);
  assert.ok(last?.kind === 'ended' && last.stuck);
});

test('never ready: given up', async () => {
  const patience = { start: 200, look: 20, silent: 3 };
  const last = (await all(fake('setTimeout(() => {}, 60_000);'), patience)).at(-1);
  assert.ok(last?.kind === 'ended' && !last.stuck);
  assert.equal(last.failure.kind, 'bpftrace-died');
});

test('unsubscribing stops it with SIGINT', async () => {
  const mark = join(folder, 'interrupted');
  const bpftrace = fake(
    `process.on('SIGINT', () => { writeFileSync(${JSON.stringify(mark)}, 'yes'); process.exit(0); });
     process.stdout.on('error', () => {}); setInterval(() => beat(10), 20);`,
  );
  await firstValueFrom(
    run(bpftrace).pipe(
      takeWhile(({ kind }) => kind !== 'ready', true),
      toArray(),
    ),
  );
  for (let tries = 0; tries < 200; tries++) {
    await setTimeout(25);
    try {
      if (readFileSync(mark, 'utf8') === 'yes') return;
    } catch {
      // Not yet.
    }
  }
  assert.fail('it was not interrupted');
});

const BACK_OFF: BackOff = { first: 1, longest: 4, good: 60_000 };

const keep = (bpftrace: Bpftrace, upTo: (kept: Kept, index: number) => boolean): Promise<Kept[]> =>
  lastValueFrom(
    keepRunning(
      () => run(bpftrace),
      () => 5n,
      BACK_OFF,
    ).pipe(
      takeWhile((kept, index) => !upTo(kept, index), true),
      toArray(),
    ),
  );

test('one that dies is started anew, and the outage has a beginning', async () => {
  const kept = await keep(fake('beat(77); count(1);'), (item) => item.kind === 'ready' && item.outage !== undefined);
  assert.deepEqual(
    kinds(kept).filter((kind) => kind !== 'beat'),
    ['started', 'ready', 'waiting', 'started', 'ready'],
  );
  const last = kept.at(-1);
  assert.ok(last?.kind === 'ready');
  assert.deepEqual(last.outage, { from: 77n, stuck: false });
});

test('each failure waits longer, up to a limit', async () => {
  const once = join(folder, 'once');
  const bpftrace = fake(
    `if (existsSync(${JSON.stringify(once)})) process.exit(1); writeFileSync(${JSON.stringify(once)}, ''); beat(1);`,
  );
  const kept = await keep(bpftrace, (item) => item.kind === 'waiting' && item.ms === 4);
  assert.deepEqual(
    kept.flatMap((item) => (item.kind === 'waiting' ? [item.ms] : [])),
    [1, 2, 4],
  );
});

test('what another try would meet again is given up at once', async () => {
  const kept = await keep(fake(`console.error('ERROR: tracepoint not found: a:b'); process.exit(1);`), () => false);
  const last = kept.at(-1);
  assert.ok(last?.kind === 'gave-up');
  assert.equal(last.failure.kind, 'probe-rejected');
  assert.ok(!kinds(kept).includes('waiting'));
});

test('one that died without a word before it was ready is tried again', async () => {
  const kept = await lastValueFrom(
    keepRunning(
      () => run(fake('process.kill(process.pid, "SIGKILL")')),
      () => 5n,
      BACK_OFF,
    ).pipe(take(4), toArray()),
  );
  assert.deepEqual(kinds(kept), ['started', 'waiting', 'started', 'waiting']);
});
