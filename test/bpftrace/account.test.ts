import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Account, type Loss, onBeat, onRecord, onTotal, openAccount } from '../../src/bpftrace/account.js';
import { fuzzRuns } from '../fuzz-runs.js';

/** What comes out of bpftrace: records with their time stamps, counts with the time they came in. */
type Arrival =
  | { readonly kind: 'record' | 'beat'; readonly at: number }
  | { readonly kind: 'total'; readonly emitted: number; readonly now: number };

const record = (at: number): Arrival => ({ kind: 'record', at });
const beat = (at: number): Arrival => ({ kind: 'beat', at });
const total = (emitted: number, now: number): Arrival => ({ kind: 'total', emitted, now });

const losses = (arrivals: readonly Arrival[]): { losses: Loss[]; account: Account } => {
  let account = openAccount(0n);
  const found: Loss[] = [];
  for (const arrival of arrivals) {
    if (arrival.kind === 'total') {
      account = onTotal(account, BigInt(arrival.emitted), BigInt(arrival.now));
      continue;
    }
    account = onRecord(account, BigInt(arrival.at));
    if (arrival.kind === 'record') continue;
    const { account: next, loss } = onBeat(account, BigInt(arrival.at));
    account = next;
    if (loss !== undefined) found.push(loss);
  }
  return { losses: found, account };
};

test('nothing lost, nothing said', () => {
  assert.deepEqual(
    losses([beat(1), total(1, 2), record(3), beat(4), total(3, 5), beat(6), total(4, 7), beat(8)]).losses,
    [],
  );
});

test('a loss is told once, by the second heartbeat after the count', () => {
  const { losses: told, account } = losses([
    beat(10),
    total(4, 11),
    beat(20),
    total(5, 21),
    beat(30),
    total(6, 31),
    beat(40),
    beat(50),
  ]);
  assert.deepEqual(told, [{ from: 0n, at: 11n, lost: 3n }]);
  assert.equal(account.lost, 3n);
});

test('records still in the ring when the count was read are not lost', () => {
  // The reader was held up: the count is up to date, the records come after it.
  assert.deepEqual(losses([beat(10), total(4, 35), record(11), record(12), beat(30), beat(40), beat(50)]).losses, []);
});

test('heartbeats from before the count prove nothing', () => {
  assert.deepEqual(losses([beat(10), total(9, 100), beat(20), beat(30), beat(40), beat(50)]).losses, []);
});

test('traffic after the count does not hide the loss', () => {
  const later = Array.from({ length: 50 }, (_, index) => record(21 + index));
  const { losses: told } = losses([beat(10), total(8, 20), ...later, beat(80), beat(90)]);
  assert.deepEqual(told, [{ from: 0n, at: 20n, lost: 7n }]);
});

test('delayed heartbeats prove nothing where each CPU has a ring of its own; two prompt ones in a row do', () => {
  let account = onRecord(openAccount(0n), 10n);
  account = onTotal(account, 5n, 20n);
  const told = [false, true, false, true, true].map((proves, index) => {
    const at = 30n + BigInt(index);
    const after = onBeat(onRecord(account, at), at, proves);
    account = after.account;
    return after.loss?.lost;
  });
  assert.deepEqual(told, [undefined, undefined, undefined, undefined, 4n]);
});

test('whatever is dropped and however late the rest comes: never told too much, and exact in the end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ records: fc.nat(20), dropped: fc.nat(20), delay: fc.nat(3) }), { maxLength: 30 }),
      (rounds) => {
        let now = 1000;
        let emitted = 0;
        let really = 0;
        let told = 0n;
        let account = openAccount(0n);
        const waiting: Arrival[] = [];
        const read = (count: number): void => {
          for (const arrival of waiting.splice(0, count)) {
            if (arrival.kind === 'total') {
              // bpftrace reads the map when it comes to the print, not when that was made.
              account = onTotal(account, BigInt(emitted), BigInt(now));
              continue;
            }
            account = onRecord(account, BigInt(arrival.at));
            if (arrival.kind === 'record') continue;
            const after = onBeat(account, BigInt(arrival.at));
            account = after.account;
            told += after.loss?.lost ?? 0n;
          }
          assert.ok(told <= BigInt(really), 'never more than was lost');
        };
        const round = (records: number, dropped: number): void => {
          for (let i = 0; i < records; i++) waiting.push(record(++now));
          emitted += records + dropped;
          really += dropped;
          now += dropped;
          emitted += 1;
          waiting.push(beat(++now), total(0, 0));
        };
        for (const { records, dropped, delay } of rounds) {
          round(records, dropped);
          now += 1;
          read(delay === 0 ? waiting.length : Math.floor(waiting.length / delay));
        }
        for (let quiet = 0; quiet < 6; quiet++) {
          now += 1;
          round(0, 0);
          now += 1;
          read(waiting.length);
        }
        assert.equal(told, BigInt(really));
      },
    ),
    { numRuns: fuzzRuns(300) },
  );
});
