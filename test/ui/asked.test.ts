import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Forecast } from '../../src/model/verdict.js';
import { rememberedPlaces } from '../../ui/asked.js';
import { rememberedForecasts } from '../../ui/forecasts.js';
import { rowOf } from '../../ui/row.js';
import { evidence, finding, type Made, made, NOW } from './fixture.js';

const TOLD: Forecast = { criu: '4.2', dump: 'ok', restore: 'in-place', loss: [], findings: [] };
const row = ({ process, space }: Made) => rowOf(process, space);

/** Some with findings, and a verdict each. */
const crowd = (count: number): readonly Made[] =>
  Array.from({ length: count }, (_, index) =>
    made({ pid: 100 + index, verdict: { findings: [finding('vdso-moved', 'info')] } }),
  );

test('of the processes with findings in the table a few are asked about in a frame, and each once for its verdict', () => {
  const asked: number[] = [];
  const forecasts = rememberedForecasts(({ pid }) => {
    asked.push(pid);
    return TOLD;
  });
  const processes = crowd(7);
  const frame = (): readonly boolean[] => {
    forecasts.begin();
    return processes.map((one) => forecasts.ofRow(row(one)) === TOLD);
  };
  const first = frame();
  assert.ok(asked.length < processes.length && asked.length > 0);
  assert.deepEqual(first, [...asked.map(() => true), ...processes.slice(asked.length).map(() => false)]);
  assert.ok(forecasts.isBehind());
  for (let frames = 0; frames < 10; frames += 1) frame();
  assert.ok(!forecasts.isBehind());
  assert.deepEqual(asked, [100, 101, 102, 103, 104, 105, 106]);
  // A new reading that says the same has the same verdict.
  for (const { process, space } of processes)
    assert.equal(forecasts.ofRow(row({ process, space: { ...space, evidence: evidence(process.pid, 'x') } })), TOLD);
  assert.equal(asked.length, 7);
});

test('of a process in the table nothing is read where nothing is found, and of one that has exited', () => {
  const forecasts = rememberedForecasts(() => assert.fail('asked'));
  const moved = { findings: [finding('vdso-moved', 'info')] };
  assert.equal(forecasts.ofRow(row(made({ pid: 9 }))), undefined);
  assert.equal(forecasts.ofRow(row(made({ pid: 9, verdict: moved, process: { exitedAt: NOW } }))), undefined);
  assert.ok(!forecasts.isBehind());
});

test('of a process with a new verdict in each frame a dump is asked about once in two seconds, and at once when other things are found', () => {
  let asked = 0;
  let now = 0;
  const forecasts = rememberedForecasts(
    () => {
      asked += 1;
      return TOLD;
    },
    () => now,
  );
  const frame = (code: 'vdso-moved' | 'vvar-detached'): void => {
    forecasts.begin();
    assert.equal(forecasts.ofRow(row(made({ pid: 9, verdict: { findings: [finding(code, 'info')] } }))), TOLD);
  };
  for (; now <= 4000; now += 100) frame('vdso-moved');
  assert.equal(asked, 3);
  // What it would say of the last verdict is still to be asked, so another frame has to come.
  now += 100;
  frame('vdso-moved');
  assert.ok(forecasts.isBehind());
  frame('vvar-detached');
  assert.equal(asked, 4);
  assert.ok(!forecasts.isBehind());
});

test('while it is not known which CRIU is asked about, the table is asked again', () => {
  let told: Forecast | undefined;
  const forecasts = rememberedForecasts(() => told);
  const [one = assert.fail()] = crowd(1);
  assert.equal(forecasts.ofRow(row(one)), undefined);
  assert.ok(forecasts.isBehind());
  told = TOLD;
  assert.equal(forecasts.ofRow(row(one)), TOLD);
});

test('a process is read for its forecast once for each reading of the watch, not for each frame', () => {
  const asked: number[] = [];
  const { ofDetail: forecastOf } = rememberedForecasts(({ pid }) => {
    asked.push(pid);
    return TOLD;
  });
  const one = made({ pid: 9 });
  assert.equal(forecastOf(row(one)), TOLD);
  assert.equal(forecastOf(row({ ...one, space: { ...one.space, moves: 1 } })), TOLD);
  assert.deepEqual(asked, [9]);
  forecastOf(row({ ...one, space: { ...one.space, evidence: evidence(9, 'x') } }));
  assert.deepEqual(asked, [9, 9]);
});

test('nothing is read for a process that has exited, was not read, or has no memory', () => {
  const { ofDetail: forecastOf } = rememberedForecasts(() => assert.fail('asked'));
  assert.equal(forecastOf(row(made({ pid: 9, process: { exitedAt: NOW } }))), undefined);
  assert.equal(forecastOf(row(made({ pid: 9, verdict: { applicable: false } }))), undefined);
  assert.equal(forecastOf(row(made({ pid: 9, space: { evidence: undefined, verdict: undefined } }))), undefined);
  assert.equal(rememberedForecasts(undefined).ofDetail(row(made({ pid: 9 }))), undefined);
});

test('where a process runs is read in every frame, of one that has ended, or not again after another reading', () => {
  const asked: number[] = [];
  const placeOf = rememberedPlaces((pid) => {
    asked.push(pid);
    return undefined;
  });
  const one = made({ pid: 9 });
  placeOf(row(one));
  placeOf(row({ ...one, space: { ...one.space, moves: 1 } }));
  placeOf(row(made({ pid: 8, process: { exitedAt: NOW } })));
  assert.deepEqual(asked, [9]);
  placeOf(row({ ...one, space: { ...one.space, evidence: evidence(9, 'x') } }));
  assert.deepEqual(asked, [9, 9]);
});

test('of two processes with one address space the second is told what the first was', () => {
  const placeOf = rememberedPlaces((pid) => `pid ${pid}`);
  const parent = made({ pid: 9 });
  const child = { ...parent, process: { ...parent.process, pid: 10 } };
  assert.equal(placeOf(row(parent)), 'pid 9');
  assert.equal(placeOf(row(child)), 'pid 10');
});
