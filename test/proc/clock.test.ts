import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bootClock, parseUptime } from '../../src/proc/clock.js';
import { madeUpProc } from './made-up-proc.js';

const SECOND = 1_000_000_000n;
const text = (ns: bigint): string => `${ns / SECOND}.${String((ns % SECOND) / 10_000_000n).padStart(2, '0')} 12.00\n`;

/** A host that was asleep for `slept`; each look at the monotonic clock takes a microsecond. */
const hostClock = (slept: bigint, shown: (boot: bigint) => bigint = (boot) => boot) => {
  const state = { monotonic: 100n * SECOND + 3_456_789n, slept };
  const monotonic = (): bigint => {
    state.monotonic += 1_000n;
    return state.monotonic;
  };
  const answers = { '/proc/uptime': () => text(shown(state.monotonic + state.slept)) };
  return { state, monotonic, files: madeUpProc(answers).files };
};

describe('the boot clock', () => {
  test('is the monotonic clock, exactly, on a host that never slept', () => {
    const { files, monotonic, state } = hostClock(0n);
    assert.equal(bootClock(files, monotonic).now(), state.monotonic);
  });

  test('is within a few microseconds after a sleep', () => {
    const { files, monotonic, state } = hostClock(5n * SECOND + 123_456_789n);
    const now = bootClock(files, monotonic).now();
    const error = now - (state.monotonic + state.slept);
    assert.ok(error > -20_000n && error < 20_000n, `off by ${error} ns`);
  });

  test('follows a sleep when it is calibrated again, and does not stir otherwise', () => {
    const { files, monotonic, state } = hostClock(0n);
    const clock = bootClock(files, monotonic);
    clock.recalibrate();
    assert.equal(clock.now(), state.monotonic);
    state.slept = 77n * SECOND;
    clock.recalibrate();
    const error = clock.now() - (state.monotonic + state.slept);
    assert.ok(error > -20_000n && error < 20_000n, `off by ${error} ns`);
  });

  test('does not believe the uptime of a container', () => {
    const { files, monotonic, state } = hostClock(0n, (boot) => boot - 90n * SECOND);
    assert.equal(bootClock(files, monotonic).now(), state.monotonic);
  });

  test('takes the offsets of its own time namespace out', () => {
    const day = 86_400n * SECOND;
    const state = { monotonic: 100n * SECOND };
    const monotonic = (): bigint => {
      state.monotonic += 1_000n;
      return state.monotonic + day;
    };
    const { files } = madeUpProc({
      '/proc/uptime': () => text(state.monotonic + 2n * day),
      '/proc/self/ns/time': 'time:[4026532000]',
      '/proc/self/ns/time_for_children': 'time:[4026532000]',
      '/proc/self/timens_offsets': 'monotonic       86400         0\nboottime       172800         0\n',
    });
    const clock = bootClock(files, monotonic);
    assert.equal(clock.now(), state.monotonic);
    assert.equal(clock.tickShift, 17_280_000n);
  });

  test('without /proc/uptime is the monotonic clock', () => {
    assert.equal(bootClock(madeUpProc({}).files, () => 42n).now(), 42n);
  });
});

test('parseUptime', () => {
  assert.equal(parseUptime('734.13 1434.30\n'), 734_130_000_000n);
  for (const bad of ['', '734', '-1.00 2', 'x', '1.000 2', '1234567890123.00 1'])
    assert.equal(parseUptime(bad), undefined);
});
