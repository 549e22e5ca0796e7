import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Account, type Loss, onBeat, onMark, onRecord, onTotal, openAccount } from '../../src/bpftrace/account.js';
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

const MS = 1_000_000n;

test('where each CPU has a ring of its own, marks of all of them prove a loss, and long enough after the count', () => {
  let account = onTotal(onRecord(openAccount(0n), 10n), 9n, 20n);
  const mark = (cpu: number, at: bigint): bigint | undefined => {
    const after = onMark(onRecord(account, at), cpu, at, 2, at);
    account = after.account;
    return after.loss?.lost;
  };
  assert.equal(mark(0, 300n * MS), undefined);
  assert.equal(mark(0, 1300n * MS), undefined, 'the other ring may hold them still');
  assert.equal(mark(1, 150n * MS), undefined, 'a queue may hold one still');
  assert.equal(mark(1, 1150n * MS), 8n);
  assert.equal(account.lost, 8n);
});

test('records of the other ring that come after the marks of the first are not lost', () => {
  let account = onTotal(onRecord(openAccount(0n), 10n), 4n, 20n);
  for (const at of [400n, 1400n, 2400n]) account = onMark(onRecord(account, at * MS), 0, at * MS, 2, at * MS).account;
  for (const at of [11n, 12n, 13n]) account = onRecord(account, at);
  const after = onMark(onRecord(account, 900n * MS), 1, 900n * MS, 2, 2500n * MS);
  assert.equal(after.loss, undefined);
  assert.equal(after.account.open, undefined);
});

test('a CPU that is idle, or was taken away, does not hold up the count', () => {
  let account = onMark(openAccount(0n), 1, 5n * MS, 2, 5n * MS).account;
  account = onTotal(account, 3n, 20n * MS);
  const seconds = Array.from({ length: 10 }, (_, second) => BigInt(second + 1) * 1000n * MS);
  const told = seconds.flatMap((at) => {
    const after = onMark(account, 0, at, 2, at);
    account = after.account;
    return after.loss === undefined ? [] : [at];
  });
  assert.deepEqual(told, [5000n * MS]);
});

test('a reader that is behind says nothing of the other ring, however long it takes for the first', () => {
  let account = onTotal(openAccount(0n), 3n, 20n * MS);
  const mark = (cpu: number, second: number, late: number): bigint | undefined => {
    const at = BigInt(second) * 1000n * MS;
    const after = onMark(account, cpu, at, 2, at + BigInt(late) * 1000n * MS);
    account = after.account;
    return after.loss?.lost;
  };
  for (let second = 1; second < 10; second++) assert.equal(mark(0, second, 6), undefined);
  // It has caught up at 16 s, and the other ring is silent.
  for (const second of [16, 17, 18, 19]) assert.equal(mark(0, second, 0), undefined);
  assert.equal(mark(0, 20, 0), 3n);
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
