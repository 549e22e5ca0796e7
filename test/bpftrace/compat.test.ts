import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { watchCompat } from '../../src/bpftrace/compat.js';
import type { Bpftrace } from '../../src/bpftrace/find.js';
import type { Event, GapEvent } from '../../src/model/event.js';
import { fake, folder } from './fake.js';

/** Who pays for 32-bit tasks, and when: the second bpftrace lives only while there are any. */

const PID = 4242;

/** What /proc/PID/exe of a 32-bit process begins with. */
const live32 = (): void => {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 1;
  header.writeUInt16LE(3, 18);
  mkdirSync(join(folder, String(PID)), { recursive: true });
  writeFileSync(join(folder, String(PID), 'exe'), header);
};
const die = (): void => rmSync(join(folder, String(PID)), { recursive: true });

const seen = (tgid: number) => ({ at: 3n, tgid, tid: tgid, comm: '', space: { id: 1n, mm: 1n } });
const exec = (vdso: bigint, tgid = PID): Event => ({ kind: 'exec', ...seen(tgid), vdso });

interface Watched {
  readonly gaps: readonly GapEvent[];
  readonly said: readonly string[];
  readonly started: () => number;
  readonly until: (is: () => boolean) => Promise<void>;
}

const watching = async (
  bpftrace: Bpftrace,
  act: (watch: ReturnType<typeof watchCompat>, watched: Watched) => Promise<void>,
): Promise<void> => {
  const gaps: GapEvent[] = [];
  const said: string[] = [];
  let started = 0;
  const compat = { text: 'script', points: [], leftOut: [], notes: [] };
  const decoding = { arch: 'x64', knowsVdso: true, knowsLastExit: true };
  const watch = watchCompat(
    { bpftrace, compat, decoding },
    () => 5n,
    {
      kept: ({ kind }) => {
        if (kind === 'started') started += 1;
      },
      gap: (gap) => gaps.push(gap),
      changed: (_at, notes) => said.push(...notes, watch.isOn() ? 'on' : 'off'),
    },
    { checkMs: 20, root: folder },
  );
  const until = async (is: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 400 && !is(); tries++) await setTimeout(25);
    assert.ok(is(), 'it came true');
  };
  try {
    await act(watch, { gaps, said, started: () => started, until });
  } finally {
    watch.stop();
  }
};

const BEATING = 'setInterval(() => { beat(10); }, 10); process.stdout.on("error", () => process.exit());';

test('64-bit processes start nothing', () =>
  watching(fake(BEATING), async (watch, { started }) => {
    watch.see(exec(0x7f0000000000n));
    watch.see(exec(0n));
    await setTimeout(100);
    assert.equal(started(), 0);
  }));

test('a 32-bit process starts it, once; what went before is a gap; it ends when the process does', () =>
  watching(fake(BEATING), async (watch, { gaps, said, started, until }) => {
    live32();
    watch.see(exec(0xf7ff0000n));
    watch.see(exec(0xf7ff0000n));
    await until(() => said.length === 1);
    // Its exit event was lost; the check finds out.
    die();
    await until(() => said.length === 2);
    assert.deepEqual(said, ['on', 'off']);
    assert.deepEqual(gaps, [{ kind: 'gap', cause: 'late', from: 3n, at: 10n, lost: undefined }]);
    assert.equal(started(), 1);
    live32();
    watch.see(exec(0xf7ff0000n));
    await until(() => started() === 2);
  }));

test('where it cannot run, that is said once', () =>
  watching(fake('console.error("ERROR: tracepoint not found: a:b"); process.exit(1);'), async (watch, watched) => {
    live32();
    watch.see(exec(0xf7ff0000n));
    await watched.until(() => watched.said.length > 0);
    watch.see(exec(0xf7ff0000n));
    await setTimeout(50);
    assert.equal(watched.said.filter((text) => text.startsWith('32-bit calls are not seen')).length, 1);
    assert.equal(watched.started(), 1);
  }));

test('one that runs already is found when the main one is ready', () =>
  watching(fake(BEATING), async (watch, { gaps, until }) => {
    live32();
    watch.look(7n);
    await until(() => watch.isOn());
    assert.equal(gaps[0]?.from, 7n);
  }));
